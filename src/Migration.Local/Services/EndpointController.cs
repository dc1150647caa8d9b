using Microsoft.Extensions.Logging;
using Migration.Kubernetes;

namespace Migration.Local.Services;

/// <summary>Keeps the EndpointSlices and Endpoints of services that select pods.</summary>
public sealed class EndpointController : IReconciler, IAsyncDisposable
{
    private readonly ResourceClient<EndpointSlice> _sliceClient;
    private readonly ResourceClient<Endpoints> _olderClient;
    private readonly Informer<Service> _services;
    private readonly Informer<Pod> _pods;
    private readonly Informer<EndpointSlice> _slices;
    private readonly Informer<Endpoints> _older;
    private readonly WorkQueue _queue;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    private EndpointController(KubernetesClient client, ILogger logger, TimeProvider time)
    {
        _sliceClient = client.For(Kinds.EndpointSlices);
        _olderClient = client.For(Kinds.Endpoints);
        _queue = new WorkQueue("endpoints", time);
        _services = new Informer<Service>(client, Kinds.Services, logger: logger).Feed(_queue).Start();
        // Labels may have changed: what selected the pod before must look again as well.
        _pods = new Informer<Pod>(client, Kinds.Pods, logger: logger).Feed(_queue, pod => SelectingIn(pod.Metadata.Namespace)).Start();
        _slices = new Informer<EndpointSlice>(client, Kinds.EndpointSlices, logger: logger).Feed(_queue, slice => OwnerOf(slice)).Start();
        _older = new Informer<Endpoints>(client, Kinds.Endpoints, logger: logger).Start();
        _loop = new Controller(_queue, this, logger, time) { Workers = 2 }.RunAsync([_services.Synced, _pods.Synced, _slices.Synced, _older.Synced], _stopping.Token);
    }

    public static EndpointController Start(KubernetesClient client, ILoggerFactory logging, TimeProvider time) => new(client, logging.CreateLogger<EndpointController>(), time);

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        // Those of a service that is gone go with it, as its dependents; a service without selector has its own.
        if (_services.Store.Get(key) is not { IsDeleting: false, Spec: { Selector.Count: > 0, Type: not "ExternalName" } } service)
            return Outcome.Done;
        var wanted = ServiceEndpoints.Slices(service, _pods.Store.All());
        foreach (var slice in wanted)
            await EnsureAsync(_sliceClient, _slices.Store.Get(slice.Key), slice, ct);
        foreach (var old in _slices.Store.All().Where(slice => IsOurs(slice, key) && wanted.All(kept => kept.Key != slice.Key)))
            await _sliceClient.EnsureDeletedAsync(old, DeleteOptions.Default, ct);
        var older = ServiceEndpoints.Older(service, wanted);
        await EnsureAsync(_olderClient, _older.Store.Get(key), older, ct);
        return Outcome.Done;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        await _services.DisposeAsync();
        await _pods.DisposeAsync();
        await _slices.DisposeAsync();
        await _older.DisposeAsync();
        _queue.Dispose();
        _stopping.Dispose();
    }

    private IEnumerable<ObjectKey> SelectingIn(string? space) =>
        _services.Store.All().Where(service => service.Metadata.Namespace == space && service.Spec?.Selector is { Count: > 0 }).Select(service => service.Key);

    private static IEnumerable<ObjectKey> OwnerOf(EndpointSlice slice) =>
        slice.Metadata.Label(ServiceEndpoints.ServiceLabel) is { } name ? [new ObjectKey(slice.Metadata.Namespace!, name)] : [];

    private static bool IsOurs(EndpointSlice slice, ObjectKey service) =>
        slice.Metadata.Label(ServiceEndpoints.ManagerLabel) == ServiceEndpoints.Manager && slice.Metadata.Namespace == service.Namespace && slice.Metadata.Label(ServiceEndpoints.ServiceLabel) == service.Name;

    /// <summary>Writes what is wanted unless it is there; what we saw last may be old, then the server says so and we look again.</summary>
    private static async Task EnsureAsync<T>(ResourceClient<T> client, T? present, T wanted, CancellationToken ct) where T : KubernetesObject
    {
        if (present is null)
        {
            await client.CreateAsync(wanted, ct);
            return;
        }

        var next = wanted with { Metadata = present.Metadata with { Labels = wanted.Metadata.Labels, OwnerReferences = wanted.Metadata.OwnerReferences } };
        if (!client.Kind.Same(present, next))
            await client.UpdateAsync(next, ct);
    }
}
