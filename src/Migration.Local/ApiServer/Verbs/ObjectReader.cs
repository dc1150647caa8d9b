using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Migration.Local.ApiServer;

/// <summary>Get and list. A list in pages sees one revision: the snapshot of its first page is kept until it has been read.</summary>
internal sealed class ObjectReader(Store store, TimeProvider time)
{
    public StoredObject Get(ResourceType type, ObjectKey key) =>
        store.Get(type.Storage, key) ?? throw ApiException.NotFound(type, key.Name);

    public ObjectPage List(ResourceType type, string scope, ListOptions options)
    {
        var (snapshot, after) = options.Continue is { } token ? Resume(type, token) : (First(type, options), default(ObjectKey?));
        var page = new List<StoredObject>();
        StoredObject? next = null;
        var remaining = 0;
        foreach (var candidate in InScope(snapshot, scope, after).Where(options.Matches))
        {
            if (page.Count < (options.Limit ?? int.MaxValue))
                page.Add(candidate);
            else if (next is null)
                (next, remaining) = (candidate, 1);
            else
                remaining++;
        }
        if (next is null)
            return new ObjectPage(page, snapshot.Revision, null, 0);
        _pending.Keep(type.Storage, snapshot, time.GetUtcNow());
        var counted = options.Labels.IsEverything && options.Fields.IsEverything ? remaining : 0;
        return new ObjectPage(page, snapshot.Revision, TokenAfter(snapshot.Revision, page[^1].Key), counted);
    }

    private readonly PendingLists _pending = new();

    private Snapshot First(ResourceType type, ListOptions options)
    {
        var snapshot = store.List(type.Storage);
        if (options.ResourceVersion is not { } wanted)
            return snapshot;
        if (wanted > snapshot.Revision)
            throw new ApiException(504, "Timeout", $"Timeout: Too large resource version: {wanted}, current: {snapshot.Revision}",
                new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }), ["retryAfterSeconds"] = 1 });
        if (options.ResourceVersionMatch == "Exact" && wanted != snapshot.Revision)
            return _pending.Find(type.Storage, wanted) ?? throw ApiException.Expired($"The resourceVersion for the provided list is too old: {wanted}");
        return snapshot;
    }

    private (Snapshot Snapshot, ObjectKey? After) Resume(ResourceType type, string token)
    {
        var (revision, after) = ReadToken(token);
        return (_pending.Find(type.Storage, revision) ?? throw ApiException.Expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."), after);
    }

    private static IEnumerable<StoredObject> InScope(Snapshot snapshot, string scope, ObjectKey? after)
    {
        foreach (var (key, candidate) in snapshot.Objects)
        {
            if (after is { } last && key.CompareTo(last) <= 0)
                continue;
            if (scope.Length == 0 || key.Namespace == scope)
                yield return candidate;
        }
    }

    private static string TokenAfter(ulong revision, ObjectKey last) =>
        WebEncoders.Base64UrlEncode(JsonTree.Serialize(new JsonObject { ["rv"] = revision, ["ns"] = last.Namespace, ["start"] = last.Name }));

    private static (ulong Revision, ObjectKey After) ReadToken(string token)
    {
        try
        {
            var tree = JsonTree.ParseObject(WebEncoders.Base64UrlDecode(token));
            if (tree.NumberAt("rv") is { } revision)
                return ((ulong)revision, new ObjectKey(tree.TextAt("ns") ?? "", tree.TextAt("start") ?? ""));
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException or DecoderFallbackException)
        {
            // Whatever the bytes were, they are not a token of ours.
        }
        throw ApiException.BadRequest("continue key is not valid: illegal base64 data");
    }
}
