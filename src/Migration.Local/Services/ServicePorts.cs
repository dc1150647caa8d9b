using System.Net;
using System.Net.Sockets;
using Migration.Kubernetes;

namespace Migration.Local.Services;

/// <summary>Services and their slices as what the data plane needs.</summary>
internal static class ServicePorts
{
    private const byte Tcp = 6, Udp = 17, Sctp = 132;

    public static IReadOnlyList<BalancedPort> Of(IEnumerable<Service> services, IEnumerable<EndpointSlice> slices, AddressFamily family)
    {
        var byService = slices.Where(slice => slice.AddressType == (family == AddressFamily.InterNetwork ? "IPv4" : "IPv6"))
            .ToLookup(slice => new ObjectKey(slice.Metadata.Namespace!, slice.Metadata.Label(ServiceEndpoints.ServiceLabel) ?? ""));
        return
        [
            .. services.Where(service => service.Spec is { Type: not "ExternalName", ClusterIp: not (null or "" or "None") }).OrderBy(service => service.Key.ToString(), StringComparer.Ordinal)
                .SelectMany(service => Of(service, [.. byService[service.Key]], family)),
        ];
    }

    private static IEnumerable<BalancedPort> Of(Service service, IReadOnlyList<EndpointSlice> slices, AddressFamily family)
    {
        var spec = service.Spec!;
        var addresses = (spec.ClusterIps ?? [spec.ClusterIp!]).Concat(spec.ExternalIps ?? []).Select(IPAddress.Parse).Where(address => address.AddressFamily == family).ToList();
        // A single-stack service has no port in the other family.
        if (addresses.Count == 0)
            yield break;
        foreach (var port in spec.Ports ?? [])
        {
            yield return new BalancedPort(
                $"{service.Key}:{port.Name ?? ""}", addresses, ProtocolOf(port.Protocol), (ushort)port.Port!.Value, (ushort?)port.NodePort,
                Endpoints(port, slices), spec.SessionAffinity == "ClientIP");
        }
    }

    /// <summary>The ready ones; if there are none, those that still serve while they end.</summary>
    private static List<IPEndPoint> Endpoints(ServicePort port, IReadOnlyList<EndpointSlice> slices)
    {
        var all = slices.SelectMany(slice => (slice.Ports ?? []).Where(candidate => Matches(candidate, port))
            .SelectMany(candidate => (slice.Endpoints ?? []).Select(endpoint => (endpoint.Conditions, At: new IPEndPoint(IPAddress.Parse(endpoint.Addresses![0]), candidate.Port!.Value)))))
            .OrderBy(entry => entry.At.ToString(), StringComparer.Ordinal).ToList();
        var ready = all.Where(entry => entry.Conditions?.Ready != false).ToList();
        var chosen = ready.Count > 0 ? ready : all.Where(entry => entry.Conditions is { Serving: true, Terminating: true }).ToList();
        return [.. chosen.Select(entry => entry.At).Distinct()];
    }

    private static bool Matches(EndpointPort candidate, ServicePort port) =>
        candidate.Port is not null && (candidate.Name ?? "") == (port.Name ?? "") && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP");

    private static byte ProtocolOf(string? name) => name switch { "UDP" => Udp, "SCTP" => Sctp, _ => Tcp };
}
