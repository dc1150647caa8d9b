using Migration.Node.Machines;

namespace Migration.Node.Migrations;

/// <summary>What the target node sees of a migration.</summary>
internal sealed record IncomingObservation
{
    public CopyState Copy { get; init; }
    public GuestState Guest { get; init; }

    /// <summary>The source has connected at least once since this process runs.</summary>
    public bool Connected { get; init; }

    /// <summary>Why the data connection ended, as was known before QEMU was asked.</summary>
    public string? Broken { get; init; }

    /// <summary>How long ago that was: QEMU still reads what had arrived by then.</summary>
    public TimeSpan BrokenFor { get; init; }
    public string Error { get; init; } = "";
    public TimeSpan Elapsed { get; init; }
}
