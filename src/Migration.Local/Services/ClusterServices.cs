using System.Net;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Local.Kubelet;
using Migration.Local.Names;

namespace Migration.Local.Services;

/// <summary>What makes services work: endpoints, the nodes' tables, names; and the two services that every cluster has.</summary>
public sealed class ClusterServices : IAsyncDisposable
{
    public const string Domain = "cluster.local";

    /// <summary>The service <c>kubernetes</c>: the API server.</summary>
    public static readonly IPAddress ApiAddress = new([10, 96, 0, 1]);

    private static readonly IPAddress NameAddress = new([10, 96, 0, 10]), Ipv6NameAddress = IPAddress.Parse("fd96::a");

    private readonly List<IAsyncDisposable> _parts = [];

    private ClusterServices()
    {
    }

    public static NameService Names { get; } = new([NameAddress.ToString()], Domain);

    /// <param name="apiServer">Where the API server listens for pods.</param>
    public static async Task<ClusterServices> StartAsync(
        IReadOnlyList<FabricNode> nodes, ClusterPaths paths, IPEndPoint apiServer, KubernetesClient client, ILoggerFactory logging, TimeProvider time, CancellationToken ct)
    {
        var services = new ClusterServices();
        try
        {
            using (var fabric = NetworkNamespace.Open(paths.FabricNamespace))
                services._parts.Add(NameServer.Start(fabric, [Fabric.Gateway, Fabric.Ipv6Gateway], client, Domain, logging, time));
            services._parts.Add(EndpointController.Start(client, logging, time));
            services._parts.Add(ServiceProxy.Start(nodes, paths, client, logging, time));
            await EnsureAsync(client, "default", "kubernetes", [ApiAddress], [apiServer.Address], [new Door("https", "TCP", 443, apiServer.Port)], ct);
            await EnsureAsync(client, "kube-system", "kube-dns", [NameAddress, Ipv6NameAddress], [Fabric.Gateway, Fabric.Ipv6Gateway],
                [new Door("dns", "UDP", NameServer.Port, NameServer.Port), new Door("dns-tcp", "TCP", NameServer.Port, NameServer.Port)], ct);
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
    }

    /// <summary>A service of an address that is known, in front of addresses that are no pods'.</summary>
    private static async Task EnsureAsync(
        KubernetesClient client, string space, string name, IReadOnlyList<IPAddress> addresses, IReadOnlyList<IPAddress> endpoints, IReadOnlyList<Door> doors, CancellationToken ct)
    {
        const string manager = "migration";
        await client.For(Kinds.Services).ApplyAsync(new Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new ObjectMeta { Name = name, Namespace = space },
            Spec = new ServiceSpec
            {
                Type = "ClusterIP",
                ClusterIp = addresses[0].ToString(),
                ClusterIps = [.. addresses.Select(address => address.ToString())],
                IpFamilyPolicy = addresses.Count > 1 ? "PreferDualStack" : "SingleStack",
                Ports = [.. doors.Select(door => new ServicePort { Name = door.Name, Protocol = door.Protocol, Port = door.Port })],
            },
        }, manager, force: true, ct);
        foreach (var endpoint in endpoints)
        {
            var type = endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "IPv4" : "IPv6";
            await client.For(Kinds.EndpointSlices).ApplyAsync(new EndpointSlice
            {
                ApiVersion = "discovery.k8s.io/v1",
                Kind = "EndpointSlice",
                Metadata = new ObjectMeta
                {
                    Name = $"{name}-{type.ToLowerInvariant()}",
                    Namespace = space,
                    Labels = new Dictionary<string, string> { [ServiceEndpoints.ServiceLabel] = name },
                },
                AddressType = type,
                Endpoints = [new Endpoint { Addresses = [endpoint.ToString()], Conditions = new EndpointConditions { Ready = true } }],
                Ports = [.. doors.Select(door => new EndpointPort { Name = door.Name, Protocol = door.Protocol, Port = door.Target })],
            }, manager, force: true, ct);
        }
    }

    private sealed record Door(string Name, string Protocol, int Port, int Target);
}
