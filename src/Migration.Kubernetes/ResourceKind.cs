using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Migration.Kubernetes;

/// <summary>
/// Everything needed to speak to the server about one kind: where it is served and how it is written.
/// One static instance per kind, e.g. <see cref="Kinds.Pods"/>.
/// </summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Version">E.g. <c>v1</c>.</param>
/// <param name="Kind">E.g. <c>Pod</c>.</param>
/// <param name="Plural">The name in paths, e.g. <c>pods</c>.</param>
/// <param name="Namespaced">Whether objects live in a namespace.</param>
/// <param name="Json">From a source-generated context with the options of <see cref="KubernetesJson"/>.</param>
public sealed record ResourceKind<T>(string Group, string Version, string Kind, string Plural, bool Namespaced, JsonTypeInfo<T> Json)
    where T : KubernetesObject
{
    /// <summary>Whether the status is a subresource. Where it is not (KubeVirt's VMI), the status is part of an ordinary update.</summary>
    public bool HasStatus { get; init; } = true;

    /// <summary>Group and version as objects carry them.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The object with this kind's type filled in; lists of built-in kinds come without it.</summary>
    public T Typed(T item) => item.Kind == Kind && item.ApiVersion == ApiVersion ? item : item with { ApiVersion = ApiVersion, Kind = Kind };

    /// <summary>Whether two objects say the same. Looks at what would be written, so unknown fields count; order of fields does not.</summary>
    public bool Same(T one, T other) => ReferenceEquals(one, other) || JsonNode.DeepEquals(ToNode(one), ToNode(other));

    /// <summary>The object as JSON that can be edited.</summary>
    public JsonObject ToNode(T item) => (JsonObject)JsonSerializer.SerializeToNode(Typed(item), Json)!;

    /// <summary>The object as JSON text.</summary>
    public byte[] ToBytes(T item) => JsonSerializer.SerializeToUtf8Bytes(Typed(item), Json);

    /// <summary>Reads an object; bad JSON is a <see cref="JsonException"/> that names the path.</summary>
    public T FromBytes(ReadOnlySpan<byte> json) =>
        Typed(JsonSerializer.Deserialize(json, Json) ?? throw new JsonException($"null where a {Kind} was expected"));

    /// <summary>Reads an object from JSON that was edited.</summary>
    public T FromNode(JsonObject json) => Typed(json.Deserialize(Json)!);

    /// <summary>The path of a collection, an object or a subresource, without a leading slash.</summary>
    public string Path(string? inNamespace, string? name = null, string? subresource = null)
    {
        var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
        var collection = Namespaced && !string.IsNullOrEmpty(inNamespace)
            ? $"{root}/namespaces/{Uri.EscapeDataString(inNamespace)}/{Plural}"
            : $"{root}/{Plural}";
        var item = name is null ? collection : $"{collection}/{Uri.EscapeDataString(name)}";
        return subresource is null ? item : $"{item}/{subresource}";
    }

    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
