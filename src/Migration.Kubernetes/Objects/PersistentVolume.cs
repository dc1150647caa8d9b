namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolume.</summary>
public sealed record PersistentVolume : KubernetesObject
{
    public PersistentVolumeSpec? Spec { get; init; }

    public PersistentVolumeStatus? Status { get; init; }
}
