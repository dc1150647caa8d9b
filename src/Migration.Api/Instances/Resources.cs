using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What the guest asks of its node: <c>spec.domain.resources</c>.</summary>
public sealed record Resources : OpenRecord
{
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }
}
