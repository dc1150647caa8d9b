using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What a running guest sees of a volume: an entry of <c>status.volumeStatus</c>.</summary>
public sealed record VolumeObservation : OpenRecord
{
    public string Name { get => field ?? ""; init; }

    /// <summary>The name that a Linux guest is likely to give the disk: <c>vda</c>, <c>sda</c>.</summary>
    public string Target { get => field ?? ""; init; }

    public ClaimObservation? PersistentVolumeClaimInfo { get; init; }
}
