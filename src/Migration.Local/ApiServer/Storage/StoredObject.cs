using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>One version of one object, immutable: readers and watchers share its bytes; who wants to change it parses a tree of his own.</summary>
internal sealed class StoredObject
{
    private static readonly FrozenDictionary<string, string> NoLabels = FrozenDictionary<string, string>.Empty;
    private JsonDocument? _document;

    private StoredObject(JsonObject tree, byte[] json, ulong revision)
    {
        Json = json;
        Revision = revision;
        ApiVersion = tree.TextAt("apiVersion") ?? "";
        Name = tree.TextAt("metadata", "name") ?? "";
        Namespace = tree.TextAt("metadata", "namespace") ?? "";
        Uid = tree.TextAt("metadata", "uid") ?? "";
        IsDeleting = tree.At("metadata", "deletionTimestamp") is not null;
        Labels = tree.At("metadata", "labels") is JsonObject labels
            ? labels.ToFrozenDictionary(l => l.Key, l => JsonTree.AsText(l.Value) ?? "", StringComparer.Ordinal)
            : NoLabels;
    }

    public byte[] Json { get; }

    public ulong Revision { get; }

    public string ApiVersion { get; }

    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    public bool IsDeleting { get; }

    public FrozenDictionary<string, string> Labels { get; }

    public ObjectKey Key => new(Namespace, Name);

    /// <summary>Read-only view; two threads may parse it at once, either result serves.</summary>
    public JsonElement Root => (_document ??= JsonDocument.Parse(Json, JsonTree.DocumentOptions)).RootElement;

    public JsonObject ToTree() => JsonTree.ParseObject(Json);

    public static StoredObject From(JsonObject tree, ulong revision)
    {
        tree.Child("metadata")["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);
        return new StoredObject(tree, JsonTree.Serialize(tree), revision);
    }

    /// <summary>The object as it would be stored, for a dry run: its resource version is left as it is.</summary>
    public static StoredObject Unsaved(JsonObject tree) => new(tree, JsonTree.Serialize(tree), 0);
}
