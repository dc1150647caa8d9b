namespace Migration.Kubernetes;

/// <summary>core/v1 NodeStatus.</summary>
public sealed record NodeStatus : OpenRecord
{
    public IReadOnlyDictionary<string, Quantity>? Capacity { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Allocatable { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }

    public IReadOnlyList<NodeAddress>? Addresses { get; init; }

    public NodeInfo? NodeInfo { get; init; }

    /// <summary>The first address of a type (<c>InternalIP</c>, <c>ExternalIP</c>, <c>Hostname</c>), or null.</summary>
    public string? Address(string type) => Addresses?.FirstOrDefault(address => address.Type == type)?.Address;
}
