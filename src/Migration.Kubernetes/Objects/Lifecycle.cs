namespace Migration.Kubernetes;

/// <summary>core/v1 Lifecycle.</summary>
public sealed record Lifecycle : OpenRecord
{
    public LifecycleHandler? PostStart { get; init; }

    public LifecycleHandler? PreStop { get; init; }
}
