namespace Migration.Node.Machines;

/// <summary>What a machine's owner saw when it last looked.</summary>
internal sealed record MachineObservation
{
    /// <summary>Every NIC that QEMU is to be started with is bound.</summary>
    public bool Attached { get; init; }
    public LauncherView Launcher { get; init; }

    /// <summary>The pod is being stopped.</summary>
    public bool Stopping { get; init; }
    public int ExitCode { get; init; }
    public int ExitSignal { get; init; }
    public string LastWords { get; init; } = "";

    /// <summary>Why QEMU is to end whatever the guest does: the migration that was to bring it was given up.</summary>
    public string? EndReason { get; init; }

    /// <summary>The guest itself was seen to shut down.</summary>
    public bool GuestShutDown { get; init; }
    public GuestState Guest { get; init; }

    public InterfaceObservation Interfaces { get; init; } = new();

    /// <summary>The migration that owns the guest just now.</summary>
    public string? MigrationId { get; init; }

    /// <summary>The guest was asked to shut down.</summary>
    public bool PoweringDown { get; init; }
    public DateTimeOffset Now { get; init; }
}
