namespace Migration.Node.Migrations;

/// <summary>A migration as its source node keeps it.</summary>
internal sealed record OutgoingRecord : MigrationRecord
{
    public required string TargetNode { get; init; }
    public required string DataEndpoint { get; init; }
    public required string ControlEndpoint { get; init; }
    public required byte[] Token { get; init; }

    /// <summary>QEMU may have been told to migrate: from here on its migration status speaks of this migration.</summary>
    public bool Begun { get; init; }

    /// <summary>Why it is to be given up, once somebody asked for it or a limit was exceeded.</summary>
    public string? CancelReason { get; init; }

    /// <summary>Whether it was a request (and not a failure) that ended it.</summary>
    public bool CancelRequested { get; init; }
    public Progress Progress { get; init; } = new();
    public TimeSpan? Downtime { get; init; }
}
