namespace Migration.Kubernetes;

/// <summary>core/v1 SleepAction.</summary>
public sealed record SleepAction : OpenRecord
{
    public long? Seconds { get; init; }
}
