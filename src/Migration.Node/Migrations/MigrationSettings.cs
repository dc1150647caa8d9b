namespace Migration.Node.Migrations;

/// <summary>How the copy is done.</summary>
internal sealed record MigrationSettings
{
    public bool AllowPlaintext { get; init; }

    /// <summary>Bytes per second; 0 is unlimited.</summary>
    public long MaxBandwidth { get; init; }

    /// <summary>Null: a short stop at first, a longer one when the copy does not get there.</summary>
    public TimeSpan? MaxDowntime { get; init; }
    public TimeSpan? TimeLimit { get; init; }
    public bool AllowAutoConverge { get; init; }

    /// <summary>Past the time limit the guest may be stopped until the rest is there.</summary>
    public bool MayStop { get; init; }
    public int Channels { get; init; } = 1;

    /// <summary>The pod stays behind and keeps the guest's address.</summary>
    public bool Anchor { get; init; }
}
