namespace Migration.Node.Migrations;

/// <summary>How the copy is done.</summary>
internal sealed record MigrationSettings
{
    public bool AllowPlaintext { get; init; }

    /// <summary>Bytes per second; 0 is unlimited.</summary>
    public long MaxBandwidth { get; init; }
    public TimeSpan MaxDowntime { get; init; } = TimeSpan.FromMilliseconds(300);
    public TimeSpan? TimeLimit { get; init; }
    public bool AllowAutoConverge { get; init; }
    public int Channels { get; init; } = 1;
}
