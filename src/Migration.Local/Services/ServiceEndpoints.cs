using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Local.Services;

/// <summary>Which pods stand behind a service: the EndpointSlices, and the older Endpoints, that it should have now.</summary>
internal static class ServiceEndpoints
{
    public const string ServiceLabel = "kubernetes.io/service-name";
    public const string ManagerLabel = "endpointslice.kubernetes.io/managed-by", Manager = "endpointslice-controller.k8s.io";
    public const string HeadlessLabel = "service.kubernetes.io/headless";

    public static bool Selects(Service service, Pod pod) =>
        service.Spec?.Selector is { Count: > 0 } selector && service.Metadata.Namespace == pod.Metadata.Namespace
        && selector.All(pair => pod.Metadata.Label(pair.Key) == pair.Value);

    /// <summary>One slice for each family of addresses and each set of ports that pods resolve the service's ports to.</summary>
    public static IReadOnlyList<EndpointSlice> Slices(Service service, IEnumerable<Pod> pods)
    {
        var behind = Behind(service, pods);
        var slices = new List<EndpointSlice>();
        foreach (var family in Families(service))
        {
            var groups = behind.Select(pod => (Pod: pod, Address: AddressOf(pod, family), Ports: PortsOf(service, pod))).Where(entry => entry.Address is not null)
                .GroupBy(entry => string.Join(',', entry.Ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}")), StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
            for (var i = 0; i < groups.Count; i++)
                slices.Add(Slice(service, family, i, groups[i].First().Ports, [.. groups[i].Select(entry => EndpointOf(service, entry.Pod, entry.Address!))]));
            if (groups.Count == 0)
                slices.Add(Slice(service, family, 0, [], []));
        }

        return slices;
    }

    public static Endpoints Older(Service service, IReadOnlyList<EndpointSlice> slices)
    {
        var family = Families(service)[0] == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        return new Endpoints
        {
            ApiVersion = "v1",
            Kind = "Endpoints",
            Metadata = new ObjectMeta { Name = service.Metadata.Name, Namespace = service.Metadata.Namespace, Labels = service.Metadata.Labels, OwnerReferences = [service.AsOwner()] },
            Subsets = [.. slices.Where(slice => slice.AddressType == family && slice.Endpoints is { Count: > 0 }).Select(SubsetOf)],
        };
    }

    private static EndpointSubset SubsetOf(EndpointSlice slice)
    {
        var ready = slice.Endpoints!.Where(endpoint => endpoint.Conditions?.Ready == true).Select(Address).ToList();
        var others = slice.Endpoints!.Where(endpoint => endpoint.Conditions is { Ready: not true, Terminating: not true }).Select(Address).ToList();
        return new EndpointSubset { Addresses = ready.Count > 0 ? ready : null, NotReadyAddresses = others.Count > 0 ? others : null, Ports = slice.Ports };

        static EndpointAddress Address(Endpoint endpoint) =>
            new() { Ip = endpoint.Addresses![0], Hostname = endpoint.Hostname, NodeName = endpoint.NodeName, TargetRef = endpoint.TargetRef };
    }

    /// <summary>Pods that have an address and have not ended. A pod of the host's network is behind a service, too.</summary>
    private static List<Pod> Behind(Service service, IEnumerable<Pod> pods) =>
        [.. pods.Where(pod => Selects(service, pod) && pod.Status is { PodIp.Length: > 0, Phase: not ("Succeeded" or "Failed") }).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)];

    private static IReadOnlyList<AddressFamily> Families(Service service) =>
        service.Spec?.IpFamilies is { Count: > 0 } families
            ? [.. families.Select(family => family == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork)]
            : [AddressFamily.InterNetwork];

    private static string? AddressOf(Pod pod, AddressFamily family) =>
        (pod.Status!.PodIps ?? [new PodIp { Ip = pod.Status.PodIp }]).Select(ip => ip.Ip).FirstOrDefault(ip => IPAddress.TryParse(ip, out var address) && address.AddressFamily == family);

    private static IReadOnlyList<EndpointPort> PortsOf(Service service, Pod pod) =>
    [
        .. (service.Spec?.Ports ?? []).Select(port => (Port: port, Target: TargetOf(port, pod))).Where(entry => entry.Target is not null)
            .Select(entry => new EndpointPort { Name = entry.Port.Name ?? "", Port = entry.Target, Protocol = entry.Port.Protocol ?? "TCP", AppProtocol = entry.Port.AppProtocol }),
    ];

    /// <summary>Null if the pod has no port of that name: it does not serve that port of the service.</summary>
    private static int? TargetOf(ServicePort port, Pod pod) => port.TargetPort switch
    {
        { ValueKind: JsonValueKind.Number } number when number.GetInt32() > 0 => number.GetInt32(),
        { ValueKind: JsonValueKind.String } text when int.TryParse(text.GetString(), CultureInfo.InvariantCulture, out var number) => number,
        { ValueKind: JsonValueKind.String } text => pod.Spec?.Containers?.SelectMany(container => container.Ports ?? [])
            .FirstOrDefault(candidate => candidate.Name == text.GetString() && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))?.Port,
        _ => port.Port,
    };

    private static Endpoint EndpointOf(Service service, Pod pod, string address)
    {
        var (ready, terminating) = (pod.Status!.Conditions.IsTrue("Ready"), pod.IsDeleting);
        return new Endpoint
        {
            Addresses = [address],
            Conditions = new EndpointConditions { Ready = service.Spec?.PublishNotReadyAddresses == true || (ready && !terminating), Serving = ready, Terminating = terminating },
            Hostname = pod.Spec?.Subdomain == service.Metadata.Name ? pod.Spec?.Hostname : null,
            NodeName = pod.Spec?.NodeName,
            TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
        };
    }

    private static EndpointSlice Slice(Service service, AddressFamily family, int number, IReadOnlyList<EndpointPort> ports, IReadOnlyList<Endpoint> endpoints)
    {
        var type = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        var labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>()) { [ServiceLabel] = service.Metadata.Name!, [ManagerLabel] = Manager };
        if (service.Spec?.ClusterIp == "None")
            labels[HeadlessLabel] = "";
        return new EndpointSlice
        {
            ApiVersion = "discovery.k8s.io/v1",
            Kind = "EndpointSlice",
            Metadata = new ObjectMeta
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"{service.Metadata.Name}-{type.ToLowerInvariant()}-{number}"),
                Namespace = service.Metadata.Namespace,
                Labels = labels,
                OwnerReferences = [service.AsOwner()],
            },
            AddressType = type,
            Endpoints = endpoints,
            Ports = ports,
        };
    }
}
