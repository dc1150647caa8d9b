using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>core/v1 ServicePort.</summary>
public sealed record ServicePort : OpenRecord
{
    public string? Name { get; init; }

    public string? Protocol { get; init; }

    public int? Port { get; init; }

    /// <summary>A number, or the name of a port of the pods.</summary>
    public JsonElement? TargetPort { get; init; }

    public int? NodePort { get; init; }

    public string? AppProtocol { get; init; }
}
