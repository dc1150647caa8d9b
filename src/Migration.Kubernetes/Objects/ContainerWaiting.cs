namespace Migration.Kubernetes;

/// <summary>core/v1 ContainerStateWaiting.</summary>
public sealed record ContainerWaiting : OpenRecord
{
    public string? Reason { get; init; }

    public string? Message { get; init; }
}
