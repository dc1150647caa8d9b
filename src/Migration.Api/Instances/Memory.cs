using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Guest memory.</summary>
public sealed record Memory : OpenRecord
{
    public Quantity? Guest { get; init; }
}
