namespace Migration.Kubernetes;

/// <summary>core/v1 ResourceRequirements.</summary>
public sealed record ResourceRequirements : OpenRecord
{
    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }
}
