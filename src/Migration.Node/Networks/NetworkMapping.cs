using Google.Protobuf.WellKnownTypes;
using Migration.Node.Networks.Delegates;
using Migration.Packets;
using Migration.Qemu;
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
        if (wire.Mac.Length > 0)
            RequireGuestMac(wire.Mac, $"interface {wire.Name}: mac");
        if (!System.Enum.IsDefined(wire.Binding) || !System.Enum.IsDefined(wire.LinkState))
            throw Malformed($"interface {wire.Name}: binding {wire.Binding} or link state {wire.LinkState} is unknown");
        if (wire.Queues > 64)
            throw Malformed($"interface {wire.Name}: {wire.Queues} queues; 64 is the limit");
        if (wire.HasSlot && wire.Slot >= QemuCommandLine.Slots)
            throw Malformed($"interface {wire.Name}: slot {wire.Slot}; a machine has {QemuCommandLine.Slots}");
        return new InterfacePlan
        {
            Name = wire.Name,
            PodInterface = wire.PodInterface.Length > 0 ? wire.PodInterface : "eth0",
            Binding = wire.Binding is Wire.Binding.Unspecified ? BindingKind.Bridge : (BindingKind)wire.Binding,
            Mac = wire.Mac.ToLowerInvariant(),
            Model = wire.Model,
            Queues = wire.Queues == 0 ? 1 : (int)wire.Queues,
            Lease = wire.Lease is null ? null : ToLease(wire.Lease),
            LinkState = wire.LinkState is Wire.LinkState.Unspecified ? LinkState.Up : (LinkState)wire.LinkState,
            Ports = [.. wire.Ports.Select(port => ToPort(wire.Name, port))],
            GuestNetworks = [.. wire.GuestNetworks.Select(network => ToGuestNetwork(wire.Name, network))],
            DhcpOptions = ToDhcpOptions(wire),
            Delegate = wire.Delegate is null ? null : ToDelegate(wire.Name, wire.Delegate),
            Slot = wire.HasSlot ? (int)wire.Slot : null,
        };
    }

    private static GuestPort ToPort(string nic, Wire.Port wire)
    {
        var protocol = wire.Protocol.Length > 0 ? wire.Protocol.ToLowerInvariant() : "tcp";
        var last = wire.Last == 0 ? wire.First : wire.Last;
        if (protocol is not ("tcp" or "udp" or "sctp"))
            throw Malformed($"interface {nic}: port protocol '{wire.Protocol}' is none of tcp, udp, sctp");
        if (wire.First is 0 or > ushort.MaxValue || last > ushort.MaxValue || last < wire.First)
            throw Malformed($"interface {nic}: {wire.First}-{last} are not ports between 1 and {ushort.MaxValue}");
        return new GuestPort(protocol, (ushort)wire.First, (ushort)last);
    }

    private static string ToGuestNetwork(string nic, string network) => System.Net.IPNetwork.TryParse(network, out _)
        ? network
        : throw Malformed($"interface {nic}: guest network '{network}' is not a network like 10.0.2.0/24");

    private static ExtraDhcpOptions ToDhcpOptions(Wire.Interface nic)
    {
        if (nic.DhcpOptions is not { } wire)
            return new ExtraDhcpOptions();
        if (wire.PrivateOptions.Keys.FirstOrDefault(code => code is < 224 or > 254) is > 0 and var code)
            throw Malformed($"interface {nic.Name}: DHCP option {code} is not a private one (224 to 254)");
        if (wire.NtpServers.FirstOrDefault(server => !System.Net.IPAddress.TryParse(server, out _)) is { } server)
            throw Malformed($"interface {nic.Name}: NTP server '{server}' is not an IP address");
        return new ExtraDhcpOptions
        {
            BootFileName = wire.BootFileName,
            TftpServerName = wire.TftpServerName,
            NtpServers = [.. wire.NtpServers],
            Private = wire.PrivateOptions.ToDictionary(option => (int)option.Key, option => option.Value),
        };
    }

    private static DelegatePlan ToDelegate(string nic, Wire.Delegate wire)
    {
        if (wire.Name.Length == 0)
            throw Malformed($"interface {nic}: delegate.name is empty");
        if (wire.Mac.Length > 0)
            RequireGuestMac(wire.Mac, $"interface {nic}: delegate.mac");
        return new DelegatePlan
        {
            Name = wire.Name,
            Configuration = wire.Configuration,
            Mac = wire.Mac,
            Addresses = [.. wire.Addresses],
            DefaultRoute = [.. wire.DefaultRoute],
            CniArguments = wire.CniArgs,
            IsPrimary = wire.Primary,
            Capabilities = ToCapabilities(nic, wire),
        };
    }

    private static SortedDictionary<string, string>? ToCapabilities(string nic, Wire.Delegate wire)
    {
        foreach (var (name, value) in wire.Capabilities)
        {
            if (DelegateChains.OwnCapabilities.Contains(name))
                throw Malformed($"interface {nic}: delegate.capabilities: {name} has a field of its own");
            try
            {
                using var _ = System.Text.Json.JsonDocument.Parse(value, NetworkList.Strict);
            }
            catch (System.Text.Json.JsonException broken)
            {
                throw Malformed($"interface {nic}: delegate.capabilities: {name} is not JSON: {broken.Message}");
            }
        }

        return wire.Capabilities.Count == 0 ? null : new(wire.Capabilities, StringComparer.Ordinal);
    }

    public static Wire.Interface ToWire(InterfacePlan plan)
    {
        var wire = new Wire.Interface
        {
            Name = plan.Name,
            PodInterface = plan.PodInterface,
            Binding = (Wire.Binding)plan.Binding,
            Mac = plan.Mac,
            Model = plan.Model,
            Queues = (uint)plan.Queues,
            Lease = plan.Lease is null ? null : ToWire(plan.Lease),
            LinkState = (Wire.LinkState)plan.LinkState,
            DhcpOptions = ToWire(plan.DhcpOptions),
            Delegate = plan.Delegate is null ? null : ToWire(plan.Delegate),
        };
        if (plan.Slot is { } slot)
            wire.Slot = (uint)slot;
        wire.Ports.AddRange(plan.Ports.Select(port => new Wire.Port { Protocol = port.Protocol, First = port.First, Last = port.Last }));
        wire.GuestNetworks.AddRange(plan.GuestNetworks);
        return wire;
    }

    private static Wire.DhcpOptions ToWire(ExtraDhcpOptions options)
    {
        var wire = new Wire.DhcpOptions { BootFileName = options.BootFileName, TftpServerName = options.TftpServerName };
        wire.NtpServers.AddRange(options.NtpServers);
        wire.PrivateOptions.Add(options.Private.ToDictionary(option => (uint)option.Key, option => option.Value));
        return wire;
    }

    private static Wire.Delegate ToWire(DelegatePlan plan)
    {
        var wire = new Wire.Delegate { Name = plan.Name, Configuration = plan.Configuration, Mac = plan.Mac, CniArgs = plan.CniArguments, Primary = plan.IsPrimary };
        wire.Addresses.AddRange(plan.Addresses);
        wire.DefaultRoute.AddRange(plan.DefaultRoute);
        wire.Capabilities.Add(plan.Capabilities?.ToDictionary() ?? []);
        return wire;
    }

    public static GuestLease ToLease(Wire.Lease wire)
    {
        RequireGuestMac(wire.Mac, "lease.mac");
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
        Wiring = (Wire.Wiring)bound.Wiring,
        Lease = ToWire(bound.Lease),
        Leased = bound.Leased,
        Binding = (Wire.Binding)bound.Binding,
        Queues = (uint)bound.Queues,
        LinkState = (Wire.LinkState)bound.LinkState,
        HomeNode = bound.Stretch is { Part: StretchPart.Guest, Passing: false } away ? away.HomeNode : "",
        HomeMachineId = bound.Stretch is { Part: StretchPart.Guest, Passing: false } from ? from.HomeMachine : "",
        GuestNode = bound.Stretch is { Part: StretchPart.Home } kept ? kept.GuestNode : "",
    };

    private static void RequireGuestMac(string text, string field)
    {
        if (!MacAddress.TryParse(text, out var mac))
            throw Malformed($"{field} '{text}' is not a MAC address like 02:00:00:00:00:01");
        if (mac == default || mac.IsMulticast)
            throw Malformed($"{field} '{text}' is not the address of one station");
        if (mac == GuestIdentity.BridgeMac)
            throw Malformed($"{field} '{text}' is reserved for the bridge of the masquerade binding");
    }

    private static string Required(string text, string field) => text.Length > 0 ? text : throw Malformed($"{field} is empty");

    private static RefusedException Malformed(string message) => new(Refusal.Malformed, message);
}
