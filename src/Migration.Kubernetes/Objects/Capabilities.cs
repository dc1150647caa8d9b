namespace Migration.Kubernetes;

/// <summary>core/v1 Capabilities.</summary>
public sealed record Capabilities : OpenRecord
{
    public IReadOnlyList<string>? Add { get; init; }

    public IReadOnlyList<string>? Drop { get; init; }
}
