using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>A change, in one of the four languages servers understand.</summary>
public sealed record Patch(string ContentType, byte[] Body)
{
    /// <summary>RFC 7386: given members replace, null removes, lists are replaced whole.</summary>
    public static Patch Merge(JsonNode change) => new("application/merge-patch+json", Bytes(change));

    /// <summary>RFC 6902: a list of operations; <c>test</c> makes it conditional.</summary>
    public static Patch Json(params JsonOperation[] operations) =>
        new("application/json-patch+json", Bytes(new JsonArray([.. operations.Select(operation => operation.ToNode())])));

    /// <summary>Kubernetes's own: like merge, but lists of built-in kinds merge by their keys.</summary>
    public static Patch Strategic(JsonNode change) => new("application/strategic-merge-patch+json", Bytes(change));

    /// <summary>Server-side apply: the fields this manager wants, and no others. JSON is YAML.</summary>
    public static Patch Apply(JsonNode wanted) => new("application/apply-patch+yaml", Bytes(wanted));

    /// <summary>
    /// The merge patch that turns one object into the other, or null when they are the same. With
    /// <paramref name="onlyIfUnchanged"/> it carries the resource version, so that a change in between is a conflict.
    /// </summary>
    public static Patch? Between<T>(ResourceKind<T> kind, T before, T after, bool onlyIfUnchanged)
        where T : KubernetesObject
    {
        // The usual case, and the cheapest to see.
        if (ReferenceEquals(before, after) || kind.ToBytes(before).AsSpan().SequenceEqual(kind.ToBytes(after)))
            return null;
        if (MergeDifference.Of(kind.ToNode(before), kind.ToNode(after)) is not JsonObject change)
            return null;
        if (onlyIfUnchanged)
        {
            if (change["metadata"] is not JsonObject metadata)
                change["metadata"] = metadata = [];
            metadata["resourceVersion"] = before.Metadata.ResourceVersion;
        }
        return Merge(change);
    }

    private static byte[] Bytes(JsonNode node) => System.Text.Encoding.UTF8.GetBytes(node.ToJsonString());
}
