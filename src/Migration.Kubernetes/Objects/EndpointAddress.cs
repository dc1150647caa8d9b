namespace Migration.Kubernetes;

/// <summary>core/v1 EndpointAddress.</summary>
public sealed record EndpointAddress : OpenRecord
{
    public string? Ip { get; init; }

    public string? Hostname { get; init; }

    public string? NodeName { get; init; }

    public ObjectReference? TargetRef { get; init; }
}
