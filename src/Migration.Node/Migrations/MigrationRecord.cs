namespace Migration.Node.Migrations;

/// <summary>What both roles keep of a migration on disk. It is written before what it says is acted on.</summary>
internal abstract record MigrationRecord
{
    public required string Id { get; init; }
    public required string MachineId { get; init; }
    public bool Encrypted { get; init; }
    public int Channels { get; init; } = 1;
    public MigrationSettings Settings { get; init; } = new();
    public MigrationPhase Phase { get; init; } = MigrationPhase.Setup;
    public string Reason { get; init; } = "";
    public DateTimeOffset Started { get; init; }
    public DateTimeOffset? Ended { get; init; }

    /// <summary>QMP STOP on the source.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>QMP RESUME on the target.</summary>
    public DateTimeOffset? ResumedAt { get; init; }
    public Verdict Verdict { get; init; } = Verdict.Pending;

    /// <summary>Forgotten by the controllers; kept only because the peer may still have to ask.</summary>
    public bool Released { get; init; }

    public bool HasEnded => Phase is MigrationPhase.Succeeded or MigrationPhase.Failed or MigrationPhase.Cancelled;
}
