using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>core/v1 HTTPGetAction.</summary>
public sealed record HttpGetAction : OpenRecord
{
    public string? Path { get; init; }

    /// <summary>A number, or the name of one of the container's ports.</summary>
    public JsonElement? Port { get; init; }

    public string? Host { get; init; }

    public string? Scheme { get; init; }

    public IReadOnlyList<HttpHeader>? HttpHeaders { get; init; }
}
