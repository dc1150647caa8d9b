namespace Migration.Node.Migrations;

/// <summary>A migration as its target node keeps it: the place where its outcome is decided.</summary>
internal sealed record IncomingRecord : MigrationRecord
{
    public required string SourceNode { get; init; }

    /// <summary>Shown once per channel by the source.</summary>
    public required byte[] Token { get; init; }

    /// <summary>The source said that its QEMU has handed over for good.</summary>
    public bool HandedOver { get; init; }

    /// <summary>The source has heard the verdict; nobody needs to ask again.</summary>
    public bool SourceInformed { get; init; }

    /// <summary>Somebody asked for it to be given up.</summary>
    public string? AbortReason { get; init; }
    public bool AbortRequested { get; init; }
}
