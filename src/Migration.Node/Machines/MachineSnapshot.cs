using Migration.Node.Networks;

namespace Migration.Node.Machines;

/// <summary>A machine as others see it at one moment. A new one replaces it as a whole.</summary>
internal sealed record MachineSnapshot
{
    public required MachineRecord Record { get; init; }
    public MachinePhase Phase { get; init; } = MachinePhase.Planned;
    public string Reason { get; init; } = "";
    public IReadOnlyList<BoundInterface> Interfaces { get; init; } = [];

    /// <summary>The pod's network-status annotation, where this node makes its networks; else empty.</summary>
    public string NetworkStatus { get; init; } = "";

    /// <summary>What the guest has.</summary>
    public IReadOnlyList<GuestCard> Cards { get; init; } = [];

    /// <summary>SHA-256 of the images that were generated for this machine, by the disk's name.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init; } = new Dictionary<string, string>();
    public int QemuPid { get; init; }
    public string QemuVersion { get; init; } = "";
    public string? MigrationId { get; init; }
    public ulong Version { get; init; }

    /// <summary>Whether a watcher would see any difference.</summary>
    public bool LooksLike(MachineSnapshot other) =>
        ReferenceEquals(Record, other.Record)
        && (Phase, Reason, NetworkStatus, QemuPid, QemuVersion, MigrationId) == (other.Phase, other.Reason, other.NetworkStatus, other.QemuPid, other.QemuVersion, other.MigrationId)
        && Interfaces.SequenceEqual(other.Interfaces)
        && Cards.SequenceEqual(other.Cards)
        && Digests.Count == other.Digests.Count;
}
