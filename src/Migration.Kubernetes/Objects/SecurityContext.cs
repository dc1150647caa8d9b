namespace Migration.Kubernetes;

/// <summary>core/v1 SecurityContext.</summary>
public sealed record SecurityContext : OpenRecord
{
    public Capabilities? Capabilities { get; init; }

    public bool? Privileged { get; init; }

    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public bool? ReadOnlyRootFilesystem { get; init; }

    public bool? AllowPrivilegeEscalation { get; init; }

    public SeccompProfile? SeccompProfile { get; init; }
}
