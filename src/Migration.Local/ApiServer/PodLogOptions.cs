namespace Migration.Local.ApiServer;

/// <summary>What <c>kubectl logs</c> asked for.</summary>
public sealed record PodLogOptions(bool Follow, bool Previous, bool Timestamps, long? TailLines, long? SinceSeconds, long? LimitBytes)
{
    public DateTimeOffset? SinceTime { get; init; }
}
