using Google.Protobuf.WellKnownTypes;
using Migration.Packets;
using Wire = Migration.Protos;

namespace Migration.Node.Networks;

/// <summary>Between the contract's messages and the node's own records; what is malformed stops here.</summary>
internal static class NetworkMapping
{
    public static PodIdentity ToPod(Wire.PodIdentity? pod) =>
        pod is null ? throw Malformed("pod is missing") : new(pod.Namespace, pod.Name, pod.Uid);

    public static Wire.PodIdentity ToWire(PodIdentity pod) => new() { Namespace = pod.Namespace, Name = pod.Name, Uid = pod.Uid };

    public static InterfacePlan ToInterface(Wire.Interface wire)
    {
        if (wire.Name.Length == 0)
            throw Malformed("interface.name is empty");
        if (wire.Mac.Length > 0 && !MacAddress.TryParse(wire.Mac, out _))
            throw Malformed($"interface {wire.Name}: mac '{wire.Mac}' is not a MAC address like 02:00:00:00:00:01");
        if (wire.Queues > 64)
            throw Malformed($"interface {wire.Name}: {wire.Queues} queues; 64 is the limit");
        return new InterfacePlan
        {
            Name = wire.Name,
            PodInterface = wire.PodInterface.Length > 0 ? wire.PodInterface : "eth0",
            Binding = wire.Binding is Wire.Binding.Unspecified ? BindingKind.Bridge : (BindingKind)wire.Binding,
            Mac = wire.Mac.ToLowerInvariant(),
            Model = wire.Model,
            Queues = wire.Queues == 0 ? 1 : (int)wire.Queues,
            Lease = wire.Lease is null ? null : ToLease(wire.Lease),
        };
    }

    public static Wire.Interface ToWire(InterfacePlan plan) => new()
    {
        Name = plan.Name,
        PodInterface = plan.PodInterface,
        Binding = (Wire.Binding)plan.Binding,
        Mac = plan.Mac,
        Model = plan.Model,
        Queues = (uint)plan.Queues,
        Lease = plan.Lease is null ? null : ToWire(plan.Lease),
    };

    public static GuestLease ToLease(Wire.Lease wire)
    {
        if (!MacAddress.TryParse(wire.Mac, out _))
            throw Malformed($"lease.mac '{wire.Mac}' is not a MAC address like 02:00:00:00:00:01");
        foreach (var address in wire.Addresses)
        {
            if (!InterfaceAddress.TryParse(address, out _))
                throw Malformed($"lease.addresses: '{address}' is not an address with a prefix length like 10.244.1.5/24");
        }

        foreach (var address in wire.NameServers.Append(wire.Gateway).Concat(wire.Routes.Select(route => route.Gateway)).Where(text => text.Length > 0))
        {
            if (!System.Net.IPAddress.TryParse(address, out _))
                throw Malformed($"lease: '{address}' is not an IP address");
        }

        foreach (var route in wire.Routes)
        {
            if (!System.Net.IPNetwork.TryParse(route.Destination, out _))
                throw Malformed($"lease.routes: '{route.Destination}' is not a network like 10.244.0.0/16");
        }

        return new GuestLease
        {
            Mac = wire.Mac.ToLowerInvariant(),
            Addresses = [.. wire.Addresses],
            Gateway = wire.Gateway,
            Routes = [.. wire.Routes.Select(route => new GuestRoute(route.Destination, route.Gateway))],
            NameServers = [.. wire.NameServers],
            Domain = wire.Domain,
            SearchDomains = [.. wire.SearchDomains],
            HostName = wire.HostName,
            Mtu = (int)wire.Mtu,
            ValidFor = wire.ValidFor?.ToTimeSpan() ?? TimeSpan.FromHours(24),
        };
    }

    public static Wire.Lease ToWire(GuestLease lease)
    {
        var wire = new Wire.Lease
        {
            Mac = lease.Mac,
            Gateway = lease.Gateway,
            Domain = lease.Domain,
            HostName = lease.HostName,
            Mtu = (uint)lease.Mtu,
            ValidFor = Duration.FromTimeSpan(lease.ValidFor),
        };
        wire.Addresses.AddRange(lease.Addresses);
        wire.NameServers.AddRange(lease.NameServers);
        wire.SearchDomains.AddRange(lease.SearchDomains);
        wire.Routes.AddRange(lease.Routes.Select(route => new Wire.Route { Destination = route.Destination, Gateway = route.Gateway }));
        return wire;
    }

    public static AttachmentKey ToKey(Wire.AttachmentKey? key)
    {
        if (key is null)
            throw Malformed("key is missing");
        return new AttachmentKey(Required(key.Network, "key.network"), Required(key.ContainerId, "key.container_id"), Required(key.InterfaceName, "key.interface_name"));
    }

    public static Wire.AttachmentKey ToWire(AttachmentKey key) =>
        new() { Network = key.Network, ContainerId = key.ContainerId, InterfaceName = key.InterfaceName };

    public static Wire.Attachment ToWire(Attachment attachment) => new()
    {
        Key = ToWire(attachment.Key),
        Pod = ToWire(attachment.Pod),
        NamespacePath = attachment.NamespacePath,
        Interface = attachment.Bound is null ? null : ToWire(attachment.Bound),
    };

    public static Wire.InterfaceStatus ToWire(BoundInterface bound) => new()
    {
        Name = bound.Name,
        PodInterface = bound.PodInterface,
        Tap = bound.Tap,
        Mac = bound.Mac,
        Wiring = Wire.Wiring.Cable,
        Lease = ToWire(bound.Lease),
        Leased = bound.Leased,
    };

    private static string Required(string text, string field) => text.Length > 0 ? text : throw Malformed($"{field} is empty");

    private static RefusedException Malformed(string message) => new(Refusal.Malformed, message);
}
