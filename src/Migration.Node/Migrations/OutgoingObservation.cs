using Migration.Node.Machines;

namespace Migration.Node.Migrations;

/// <summary>What the source node sees of a migration.</summary>
internal sealed record OutgoingObservation
{
    public CopyState Copy { get; init; }
    public GuestState Guest { get; init; }
    public TargetWord Target { get; init; }

    /// <summary>Why the data connection ended before QEMU was done with it.</summary>
    public string? Broken { get; init; }

    /// <summary>The machine is to be gone, whatever becomes of the migration.</summary>
    public bool Deleting { get; init; }

    /// <summary>QEMU's own words when the copy failed.</summary>
    public string Error { get; init; } = "";

    /// <summary>How long QEMU has been in this state.</summary>
    public TimeSpan InState { get; init; }
    public TimeSpan Elapsed { get; init; }
}
