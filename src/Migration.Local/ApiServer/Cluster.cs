using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

/// <summary>The parts of the server, put together.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private static readonly string[] FirstNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease", "migration-system"];

    private readonly ApiServerOptions _options;
    private readonly ILogger _log;
    private readonly ResourceRegistry _registry = new(BuiltIns.All);
    private readonly CustomResources _definitions;
    private readonly ObjectWriter _writer;
    private readonly ObjectRemover _remover;
    private readonly WebhookClient _webhookClient;
    private readonly ServiceAccountTokens _tokens;
    private GarbageCollector? _collector;

    public Cluster(ApiServerOptions options, ILogger log, CancellationToken stopping)
    {
        _options = options;
        _log = log;
        Store = new Store(options.StateDirectory);
        var time = options.Time;
        _webhookClient = new WebhookClient(new ServiceAddresses(Store), options.Dialler, time);
        var admission = new Admission(Store, new Webhooks(Store, _registry, _webhookClient, log), time) { Observe = Observe };
        _definitions = new CustomResources(_registry, Store);
        var reader = new ObjectReader(Store, time);
        _writer = new ObjectWriter(Store, admission, time);
        _remover = new ObjectRemover(Store, admission, time);
        _tokens = new ServiceAccountTokens(options.Authority, Store, time);
        Authentication = new Authentication(options.Authority, options.AdminToken, _tokens);
        var authorizer = new Authorizer(Store);
        var evictions = new Evictions(Store, _registry, _writer, _remover, admission, time);
        var subresources = new SubresourceHandler(reader, _writer, evictions, admission, _tokens, new PodLogs(options.PodLogs),
            new PodConnections(options.PodStreams), time);
        var resources = new ResourceHandler(Store, reader, _writer, _remover, subresources, new Reviews(Authentication, authorizer, time),
            authorizer, time, stopping);
        Handler = new ApiHandler(Authentication, authorizer, _registry, new DiscoveryDocuments(_registry), new OpenApiDocuments(_registry), resources, log);
    }

    public Store Store { get; }

    public Authentication Authentication { get; }

    public ApiHandler Handler { get; }

    /// <summary>Makes the namespaces and roles a cluster begins with and loads the options' manifests.</summary>
    public async Task PopulateAsync(CancellationToken ct)
    {
        foreach (var definition in Store.List(CustomResources.Definitions).Objects.Values)
            _definitions.Observe(_registry.StorageType(CustomResources.Definitions)!, definition, false);
        foreach (var name in FirstNamespaces.Where(n => Store.Get("namespaces", new ObjectKey("", n)) is null))
            Create(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } });
        foreach (var role in Yaml.Documents(DefaultRoles.Manifest).OfType<JsonObject>())
            await EnsureAsync(role, ct);
        if (_options.ManifestDirectory is { } directory)
        {
            foreach (var file in Directory.EnumerateFiles(directory).Where(f => Path.GetExtension(f) is ".yaml" or ".yml" or ".json").Order(StringComparer.Ordinal))
                await LoadAsync(file, ct);
        }
        foreach (var file in _options.ManifestFiles)
            await LoadAsync(file, ct);
    }

    public void StartHousekeeping() => _collector = GarbageCollector.Start(Store, _registry, _writer, _remover, _options, _log);

    public async ValueTask DisposeAsync()
    {
        if (_collector is not null)
            await _collector.DisposeAsync();
        _webhookClient.Dispose();
        _tokens.Dispose();
        Store.Dispose();
    }

    /// <summary>What follows from an object's being stored or removed at once, before its writer is answered.</summary>
    private void Observe(ResourceType type, StoredObject item, bool removed)
    {
        _definitions.Observe(type, item, removed);
        if (type.Storage == "namespaces" && !removed && !item.IsDeleting)
            EnsureServiceAccount(item.Name);
    }

    /// <summary>Pods run as the service account "default" unless they say otherwise; every namespace has one.</summary>
    private void EnsureServiceAccount(string scope)
    {
        if (Store.Get("serviceaccounts", new ObjectKey(scope, "default")) is null)
            Create(new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "ServiceAccount", ["metadata"] = new JsonObject { ["name"] = "default", ["namespace"] = scope },
            });
    }

    private async Task LoadAsync(string file, CancellationToken ct)
    {
        foreach (var document in Yaml.Documents(File.ReadAllText(file)).OfType<JsonObject>())
        {
            // A kustomization lists the other files; it is no object of the cluster.
            if (document.TextAt("kind") is null or "Kustomization")
                continue;
            try
            {
                var loaded = await EnsureAsync(document, ct);
                Log.Loaded(_log, document.TextAt("kind") ?? "", loaded.Name, file);
            }
            catch (ApiException e)
            {
                throw new InvalidDataException($"{file}: {e.Message}", e);
            }
        }
    }

    /// <summary>Creates the object, or brings one that an earlier server kept up to date.</summary>
    private async Task<StoredObject> EnsureAsync(JsonObject tree, CancellationToken ct)
    {
        var type = TypeOf(tree);
        var key = new ObjectKey(type.Namespaced ? tree.TextAt("metadata", "namespace") ?? "default" : "", tree.TextAt("metadata", "name") ?? "");
        if (Store.Get(type.Storage, key) is null)
            return Create(tree);
        return await _writer.ChangeAsync(type, key, "", WriteOptions.Internal("migration") with { IsOwn = true }, before => UpToDate(before, tree), ct);
    }

    /// <summary>The new object with the identity, the finalizers and the status of the old one.</summary>
    private static JsonObject UpToDate(JsonObject before, JsonObject tree)
    {
        var after = tree.Clone();
        var metadata = before.Child("metadata").Clone();
        foreach (var name in (string[])["labels", "annotations"])
        {
            foreach (var (key, value) in tree.At("metadata", name) as JsonObject ?? [])
                metadata.Child(name)[key] = value?.DeepClone();
        }
        after["metadata"] = metadata;
        return after;
    }

    private StoredObject Create(JsonObject tree)
    {
        var type = TypeOf(tree);
        return _writer.CreateOwn(type, type.Namespaced ? tree.TextAt("metadata", "namespace") ?? "default" : "", tree);
    }

    private ResourceType TypeOf(JsonObject tree) => _registry.FindKind(tree.TextAt("apiVersion") ?? "", tree.TextAt("kind") ?? "")
        ?? throw ApiException.BadRequest($"no matches for kind \"{tree.TextAt("kind")}\" in version \"{tree.TextAt("apiVersion")}\"");
}
