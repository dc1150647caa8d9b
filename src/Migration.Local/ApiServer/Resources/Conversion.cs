using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Turns an object from the version it is kept in into the one asked for, and back. Custom resources change their apiVersion only (conversion
/// strategy None); the two event APIs name the same things differently.
/// </summary>
internal static class Conversion
{
    private const string EventsApi = "events.k8s.io/v1";

    private static readonly (string Core, string Events)[] EventFields =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"), ("count", "deprecatedCount"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("reportingComponent", "reportingController"),
    ];

    public static byte[] Bytes(StoredObject stored, ResourceType type) =>
        stored.ApiVersion == type.ApiVersion ? stored.Json : JsonTree.Serialize(Tree(stored, type));

    public static JsonObject Tree(StoredObject stored, ResourceType type)
    {
        var tree = stored.ToTree();
        Convert(tree, type.ApiVersion);
        return tree;
    }

    public static void Convert(JsonObject tree, string apiVersion)
    {
        var from = tree.TextAt("apiVersion");
        if (from == apiVersion)
            return;
        tree["apiVersion"] = apiVersion;
        if (from == EventsApi)
            Rename(tree, EventFields.Select(f => (f.Events, f.Core)));
        else if (apiVersion == EventsApi)
            Rename(tree, EventFields);
    }

    private static void Rename(JsonObject tree, IEnumerable<(string From, string To)> fields)
    {
        foreach (var (from, to) in fields)
        {
            if (!tree.Remove(from, out var value) || value is null)
                continue;
            tree[to] = value;
        }
    }
}
