namespace Migration.Kubernetes;

/// <summary>core/v1 HostAlias: a line of /etc/hosts.</summary>
public sealed record HostAlias : OpenRecord
{
    public string? Ip { get; init; }

    public IReadOnlyList<string>? Hostnames { get; init; }
}
