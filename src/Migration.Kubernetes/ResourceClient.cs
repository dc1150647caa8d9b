using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>The verbs on one kind.</summary>
public sealed class ResourceClient<T>
    where T : KubernetesObject
{
    private readonly KubernetesClient _client;

    internal ResourceClient(KubernetesClient client, ResourceKind<T> kind)
    {
        _client = client;
        Kind = kind;
    }

    public ResourceKind<T> Kind { get; }

    /// <summary>The object; not there is a <see cref="KubernetesException"/> with <see cref="KubernetesException.IsNotFound"/>.</summary>
    public async Task<T> GetAsync(ObjectKey key, CancellationToken ct) =>
        Read(await _client.SendAsync(Request("get", HttpMethod.Get, key), ct), "get", key);

    /// <summary>The object, or null when it is not there.</summary>
    public async Task<T?> FindAsync(ObjectKey key, CancellationToken ct)
    {
        try
        {
            return await GetAsync(key, ct);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>All objects that match, read in pages. An unreadable object is an error here: callers of this want all of them.</summary>
    public async Task<IReadOnlyList<T>> ListAsync(ListOptions options, CancellationToken ct)
    {
        var list = await ListWithVersionAsync(options, ct);
        return list.Unreadable is [var bad, ..]
            ? throw new KubernetesException("list", $"{Kind} {bad.Key}", System.Net.HttpStatusCode.OK, "Unreadable", bad.Reason)
            : list.Items;
    }

    /// <summary>All objects that match, and the version at which to begin watching.</summary>
    public Task<ResourceList<T>> ListWithVersionAsync(ListOptions options, CancellationToken ct) => new ListReader<T>(_client, Kind).ReadAsync(options, ct);

    /// <summary>
    /// Changes after <paramref name="resourceVersion"/>, until the server ends the stream (it does so every few minutes) or it fails:
    /// then a <see cref="KubernetesException"/>, <see cref="KubernetesException.IsGone"/> when one must list again.
    /// A stream silent for longer than the server promised is torn down.
    /// </summary>
    public IAsyncEnumerable<WatchEvent<T>> WatchAsync(ListOptions options, string resourceVersion, CancellationToken ct) =>
        new WatchStream<T>(_client, Kind).ReadAsync(options, resourceVersion, WatchStream<T>.UsualLength(), ct);

    /// <summary>The same, with the length of the stream asked of the server.</summary>
    public IAsyncEnumerable<WatchEvent<T>> WatchAsync(ListOptions options, string resourceVersion, TimeSpan length, CancellationToken ct) =>
        new WatchStream<T>(_client, Kind).ReadAsync(options, resourceVersion, length, ct);

    public Task<T> CreateAsync(T item, CancellationToken ct) => CreateAsync(item, WriteOptions.Default, ct);

    public Task<T> CreateAsync(T item, WriteOptions options, CancellationToken ct)
    {
        var name = item.Metadata.Name ?? item.Metadata.GenerateName ?? "";
        var key = new ObjectKey(item.Metadata.Namespace ?? "", name);
        var path = Kind.Path(item.Metadata.Namespace) + Query(options);
        return WriteAsync(new ApiRequest("create", Named(key), HttpMethod.Post, path, Body(item)), key, ct);
    }

    /// <summary>Replaces the object. With its resource version in it (as read), a change in between is a conflict.</summary>
    public Task<T> UpdateAsync(T item, CancellationToken ct) => UpdateAsync(item, WriteOptions.Default, ct);

    public Task<T> UpdateAsync(T item, WriteOptions options, CancellationToken ct) =>
        WriteAsync(Request("update", HttpMethod.Put, item.Key, null, Query(options), Body(item)), item.Key, ct);

    /// <summary>Replaces the status; where it is no subresource, the whole object.</summary>
    public Task<T> UpdateStatusAsync(T item, CancellationToken ct) => UpdateStatusAsync(item, WriteOptions.Default, ct);

    public Task<T> UpdateStatusAsync(T item, WriteOptions options, CancellationToken ct) =>
        WriteAsync(Request("update", HttpMethod.Put, item.Key, StatusPath, Query(options), Body(item)), item.Key, ct);

    public Task<T> PatchAsync(ObjectKey key, Patch patch, CancellationToken ct) => PatchAsync(key, patch, WriteOptions.Default, ct);

    public Task<T> PatchAsync(ObjectKey key, Patch patch, WriteOptions options, CancellationToken ct) =>
        WriteAsync(Request("patch", HttpMethod.Patch, key, null, Query(options), patch), key, ct);

    public Task<T> PatchStatusAsync(ObjectKey key, Patch patch, CancellationToken ct) => PatchStatusAsync(key, patch, WriteOptions.Default, ct);

    public Task<T> PatchStatusAsync(ObjectKey key, Patch patch, WriteOptions options, CancellationToken ct) =>
        WriteAsync(Request("patch", HttpMethod.Patch, key, StatusPath, Query(options), patch), key, ct);

    /// <summary>Server-side apply: the object, created if need be, gets these fields and <paramref name="fieldManager"/> owns them.</summary>
    public Task<T> ApplyAsync(T wanted, string fieldManager, bool force, CancellationToken ct) =>
        PatchAsync(wanted.Key, Patch.Apply(Applicable(wanted)), new WriteOptions { FieldManager = fieldManager, Force = force }, ct);

    /// <summary>Server-side apply of the status.</summary>
    public Task<T> ApplyStatusAsync(T wanted, string fieldManager, bool force, CancellationToken ct) =>
        PatchStatusAsync(wanted.Key, Patch.Apply(Applicable(wanted)), new WriteOptions { FieldManager = fieldManager, Force = force }, ct);

    /// <summary>Asks for the deletion; finalizers may keep the object for a while.</summary>
    public Task DeleteAsync(ObjectKey key, CancellationToken ct) => DeleteAsync(key, DeleteOptions.Default, ct);

    public Task DeleteAsync(ObjectKey key, DeleteOptions options, CancellationToken ct) =>
        _client.SendAsync(Request("delete", HttpMethod.Delete, key, null, "", Body(options)), ct);

    /// <summary>Asks for the deletion; an object that is gone already, or that was re-created meanwhile, is fine too.</summary>
    public async Task EnsureDeletedAsync(T item, DeleteOptions options, CancellationToken ct)
    {
        var exactly = (options.Preconditions ?? new Preconditions()) with { Uid = item.Metadata.Uid };
        try
        {
            await DeleteAsync(item.Key, options with { Preconditions = exactly }, ct);
        }
        catch (KubernetesException e) when (e.IsNotFound || (e.IsConflict && exactly.ResourceVersion is null))
        {
        }
    }

    /// <summary>A POST on a subresource, e.g. <c>eviction</c> or <c>binding</c>; returns the answer's body.</summary>
    public Task<byte[]> PostAsync(ObjectKey key, string subresource, JsonObject body, CancellationToken ct) =>
        _client.SendAsync(Request("create", HttpMethod.Post, key, subresource, "", Body(body)), ct);

    private string? StatusPath => Kind.HasStatus ? "status" : null;

    private Patch Body(T item) => new("application/json", Kind.ToBytes(item));

    private static Patch Body(JsonObject body) => new("application/json", System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()));

    private static Patch Body(DeleteOptions options) =>
        new("application/json", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(options, KubernetesJson.Default.DeleteOptions));

    private JsonObject Applicable(T wanted)
    {
        var node = Kind.ToNode(wanted);
        // The server refuses to apply these.
        (node["metadata"] as JsonObject)?.Remove("managedFields");
        return node;
    }

    private static string Query(WriteOptions options)
    {
        var query = new Query();
        if (options.DryRun)
            query.Add("dryRun", "All");
        query.Add("fieldManager", options.FieldManager);
        if (options.Force)
            query.Add("force", "true");
        return query.ToString();
    }

    private ApiRequest Request(string verb, HttpMethod method, ObjectKey key, string? subresource = null, string query = "", Patch? body = null)
    {
        if (key.Name.Length == 0)
            throw new ArgumentException($"{verb} {Kind}: the object has no name", nameof(key));
        var what = subresource is null ? Named(key) : $"{Named(key)}/{subresource}";
        return new ApiRequest(verb, what, method, Kind.Path(key.Namespace, key.Name, subresource) + query, body);
    }

    private string Named(ObjectKey key) => $"{Kind} {key}";

    private async Task<T> WriteAsync(ApiRequest request, ObjectKey key, CancellationToken ct) => Read(await _client.SendAsync(request, ct), request.Verb, key);

    private T Read(byte[] body, string verb, ObjectKey key)
    {
        try
        {
            return Kind.FromBytes(body);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new KubernetesException(verb, Named(key), System.Net.HttpStatusCode.OK, "Unreadable", e.Message, e);
        }
    }
}
