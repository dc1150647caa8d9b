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

    /// <summary>The copy did not converge in time: QEMU may stop the guest for as long as the rest takes.</summary>
    public bool Stopping { get; init; }

    /// <summary>Whoever may know it says that the target will never run the guest.</summary>
    public bool TargetFenced { get; init; }
    public Progress Progress { get; init; } = new();

    /// <summary>The NICs whose addresses stay behind, and the ways that were made for them. Null before that.</summary>
    public IReadOnlyList<StretchedNic>? Stretched { get; init; }

    /// <summary>Frames that the stopped guest had not read.</summary>
    public int FramesSentAfter { get; init; }

    /// <summary>The ways are settled, or undone.</summary>
    public bool StretchesDone { get; init; }

    /// <summary>Why they are not, so far.</summary>
    public string? WayTrouble { get; init; }
    public TimeSpan? Downtime { get; init; }

    /// <summary>The address of a guest that has left is kept here.</summary>
    public bool Anchored => Phase is MigrationPhase.Succeeded && KeepsAnAddress;

    /// <summary>The pod that the guest leaves is where an address is at home.</summary>
    public bool KeepsAnAddress => Stretched?.Any(nic => !nic.Way.Passing && nic.Way.HomeMachine == MachineId) == true;
}
