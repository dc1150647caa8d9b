namespace Migration.Kubernetes;

/// <summary>core/v1 EventSource.</summary>
public sealed record EventSource : OpenRecord
{
    public string? Component { get; init; }

    public string? Host { get; init; }
}
