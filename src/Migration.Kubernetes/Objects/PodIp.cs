namespace Migration.Kubernetes;

/// <summary>core/v1 PodIP and HostIP.</summary>
public sealed record PodIp : OpenRecord
{
    public string? Ip { get; init; }
}
