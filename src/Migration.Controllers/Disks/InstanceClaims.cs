using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Disks;

/// <summary>The claims that an instance's volumes name, by the claims' names, as far as they are there.</summary>
public sealed class InstanceClaims(IReadOnlyDictionary<string, ClaimObservation> claims)
{
    public static readonly InstanceClaims None = new(new Dictionary<string, ClaimObservation>());

    /// <summary>As the API server has them now.</summary>
    public static InstanceClaims Of(VirtualMachineInstance instance, Func<ObjectKey, PersistentVolumeClaim?> find) => new(
        NamesOf(instance.Spec)
            .Select(name => find(new ObjectKey(instance.Metadata.Namespace ?? "", name)))
            .OfType<PersistentVolumeClaim>()
            .ToDictionary(claim => claim.Metadata.Name!, Observe));

    /// <summary>As they were when the guest was started: a guest that moves keeps what it has.</summary>
    public static InstanceClaims Of(VirtualMachineInstanceStatus? status) => new(
        (status?.VolumeStatus ?? []).Select(volume => volume.PersistentVolumeClaimInfo).OfType<ClaimObservation>().DistinctBy(claim => claim.ClaimName).ToDictionary(claim => claim.ClaimName ?? ""));

    public static IEnumerable<string> NamesOf(VirtualMachineInstanceSpec spec) => (spec.Volumes ?? []).Select(volume => volume.ClaimName).OfType<string>().Distinct();

    public ClaimObservation? Find(InstanceVolume volume) => volume.ClaimName is { } name ? claims.GetValueOrDefault(name) : null;

    public bool IsBlock(InstanceVolume volume) => Find(volume)?.VolumeMode == PersistentVolumeClaimSpec.Block;

    public bool IsShared(InstanceVolume volume) => Find(volume)?.AccessModes?.Contains(PersistentVolumeClaimSpec.ReadWriteMany) == true;

    private static ClaimObservation Observe(PersistentVolumeClaim claim) => new()
    {
        ClaimName = claim.Metadata.Name,
        AccessModes = claim.Status?.AccessModes ?? claim.Spec?.AccessModes,
        VolumeMode = claim.Spec?.VolumeMode ?? "Filesystem",
        Capacity = claim.Status?.Capacity,
        Requests = claim.Spec?.Resources?.Requests,
    };
}
