using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Netlink;

namespace Migration.Local.Services;

/// <summary>Keeps the services' tables in every node's network namespace. Whatever changes, a table is replaced as a whole, in one step of the kernel.</summary>
public sealed class ServiceProxy : IReconciler, IAsyncDisposable
{
    private static readonly ObjectKey Everything = ObjectKey.Of("services");
    private static readonly IPNetwork AllPods = new(new IPAddress([10, 244, 0, 0]), 16), AllIpv6Pods = IPNetwork.Parse("fd10:244::/32");

    private readonly IReadOnlyList<FabricNode> _nodes;
    private readonly ClusterPaths _paths;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly WorkQueue _queue;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private string _written = "";

    private ServiceProxy(IReadOnlyList<FabricNode> nodes, ClusterPaths paths, KubernetesClient client, ILogger logger, TimeProvider time)
    {
        _nodes = nodes;
        _paths = paths;
        _queue = new WorkQueue("service-tables", time);
        _services = new Informer<Service>(client, Kinds.Services, logger: logger).Feed(_queue, _ => [Everything]).Start();
        _slices = new Informer<EndpointSlice>(client, Kinds.EndpointSlices, logger: logger).Feed(_queue, _ => [Everything]).Start();
        _loop = new Controller(_queue, this, logger, time) { Workers = 1 }.RunAsync([_services.Synced, _slices.Synced], _stopping.Token);
    }

    public static ServiceProxy Start(IReadOnlyList<FabricNode> nodes, ClusterPaths paths, KubernetesClient client, ILoggerFactory logging, TimeProvider time) =>
        new(nodes, paths, client, logging.CreateLogger<ServiceProxy>(), time);

    public Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        var services = _services.Store.All();
        var slices = _slices.Store.All();
        var ipv4 = ServicePorts.Of(services, slices, AddressFamily.InterNetwork);
        var ipv6 = ServicePorts.Of(services, slices, AddressFamily.InterNetworkV6);
        // Most changes of objects change nothing here.
        var wanted = string.Join('\n', ipv4.Concat(ipv6).Select(Describe));
        if (wanted != _written)
        {
            foreach (var node in _nodes)
                Write(node, ipv4, ipv6);
            _written = wanted;
        }

        return Task.FromResult(Outcome.Done);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        await _services.DisposeAsync();
        await _slices.DisposeAsync();
        _queue.Dispose();
        _stopping.Dispose();
    }

    private void Write(FabricNode node, IReadOnlyList<BalancedPort> ipv4, IReadOnlyList<BalancedPort> ipv6)
    {
        using var space = NetworkNamespace.Open(_paths.Node(node.Name).Namespace);
        using var filters = FilterClient.Open(space);
        filters.Commit(ServiceTable.Write(ipv4, AddressFamily.InterNetwork, node.PodNetwork, AllPods, [.. _nodes.Select(one => one.Address)]));
        filters.Commit(ServiceTable.Write(ipv6, AddressFamily.InterNetworkV6, node.Ipv6PodNetwork, AllIpv6Pods, [.. _nodes.Select(one => one.Ipv6Address)]));
    }

    private static string Describe(BalancedPort port) =>
        $"{port.Name} {string.Join(',', port.Addresses)} {port.Protocol} {port.Port} {port.NodePort} {port.KeepsClients} {string.Join(',', port.Endpoints)}";
}
