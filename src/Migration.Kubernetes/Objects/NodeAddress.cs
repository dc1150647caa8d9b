namespace Migration.Kubernetes;

/// <summary>core/v1 NodeAddress.</summary>
public sealed record NodeAddress : OpenRecord
{
    /// <summary><c>InternalIP</c>, <c>ExternalIP</c>, <c>Hostname</c>, …</summary>
    public string? Type { get; init; }

    public string? Address { get; init; }
}
