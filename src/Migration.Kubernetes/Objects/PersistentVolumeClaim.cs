namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolumeClaim.</summary>
public sealed record PersistentVolumeClaim : KubernetesObject
{
    public PersistentVolumeClaimSpec? Spec { get; init; }

    public PersistentVolumeClaimStatus? Status { get; init; }
}
