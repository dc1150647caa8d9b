namespace Migration.Kubernetes;

/// <summary>core/v1 LifecycleHandler: one of them.</summary>
public sealed record LifecycleHandler : OpenRecord
{
    public ExecAction? Exec { get; init; }

    public HttpGetAction? HttpGet { get; init; }

    public SleepAction? Sleep { get; init; }
}
