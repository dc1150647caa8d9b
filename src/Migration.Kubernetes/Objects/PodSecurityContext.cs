namespace Migration.Kubernetes;

/// <summary>core/v1 PodSecurityContext.</summary>
public sealed record PodSecurityContext : OpenRecord
{
    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public long? FsGroup { get; init; }

    public IReadOnlyList<long>? SupplementalGroups { get; init; }

    public SeccompProfile? SeccompProfile { get; init; }
}
