namespace Migration.Kubernetes;

/// <summary>core/v1 ContainerState: one of the three is set.</summary>
public sealed record ContainerState : OpenRecord
{
    public ContainerWaiting? Waiting { get; init; }

    public ContainerRunning? Running { get; init; }

    public ContainerTerminated? Terminated { get; init; }
}
