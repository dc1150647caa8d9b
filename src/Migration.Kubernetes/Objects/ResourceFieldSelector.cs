namespace Migration.Kubernetes;

/// <summary>core/v1 ResourceFieldSelector: a request or limit of a container.</summary>
public sealed record ResourceFieldSelector : OpenRecord
{
    public string? ContainerName { get; init; }

    public string? Resource { get; init; }

    public Quantity? Divisor { get; init; }
}
