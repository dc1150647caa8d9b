using Google.Protobuf;
using Migration.Api;
using Migration.Controllers.Pods;
using Migration.Protos;

namespace Migration.Controllers.Networks;

/// <summary>Guest NICs as nodes are told of them.</summary>
public static class MachineInterfaces
{
    // QEMU and the kernel would take more; a node takes this many.
    private const int MostQueues = 64;

    /// <summary>The guest NIC, as its node is to make it.</summary>
    public static Protos.Interface Of(GuestNetwork guest, Domain domain, ResolvedNetworks networks)
    {
        var wire = Bound(guest);
        wire.PodInterface = networks.PodInterface(guest);
        wire.Model = guest.Interface.Model is null or InstanceDefaults.InterfaceModel ? "" : guest.Interface.Model;
        wire.Queues = domain.Devices.NetworkInterfaceMultiqueue == true && wire.Model.Length == 0 ? (uint)Math.Min(MachineResources.VirtualCpus(domain.Cpu), MostQueues) : 0;
        wire.Delegate = networks.Delegates.GetValueOrDefault(guest.Name)?.Clone();
        return wire;
    }

    /// <summary>How the pod's first NIC is bound, for the pod's annotation: what a node may believe before it was told.</summary>
    public static string Annotation(GuestNetwork primary) => JsonFormatter.Default.Format(Bound(primary));

    private static Protos.Interface Bound(GuestNetwork guest)
    {
        var nic = guest.Interface;
        var mac = InstanceNetworks.Mac(nic.MacAddress);
        var wire = new Protos.Interface
        {
            Name = nic.Name,
            Binding = nic switch
            {
                { Masquerade: not null } => Binding.Masquerade,
                { Binding: not null } => Binding.ManagedTap,
                _ => Binding.Bridge,
            },
            Mac = mac.Length > 0 ? mac : guest.Selection?.Mac ?? "",
            LinkState = nic.State == InterfaceState.Down ? LinkState.Down : LinkState.Unspecified,
            DhcpOptions = Options(nic.DhcpOptions),
        };
        if (nic.Masquerade is null)
            return wire;
        wire.Ports.AddRange((nic.Ports ?? []).Select(port => new Port { Protocol = Protocol(port.Protocol), First = (uint)(port.Port ?? 0) }));
        wire.Ports.AddRange((nic.PortRanges ?? []).Select(range => new Port { Protocol = Protocol(range.Protocol), First = (uint)(range.Start ?? 0), Last = (uint)(range.End ?? 0) }));
        wire.GuestNetworks.AddRange(GuestNetworks(guest.Network.Pod));
        return wire;
    }

    private static string Protocol(string? protocol) => string.IsNullOrEmpty(protocol) ? "tcp" : protocol.ToLowerInvariant();

    private static IEnumerable<string> GuestNetworks(PodNetwork? pod)
    {
        foreach (var text in new[] { pod?.VmNetworkCIDR, pod?.VmIPv6NetworkCIDR })
        {
            if (text is not null && AddressText.TryParseNetwork(text, out var network))
                yield return network.ToString();
        }
    }

    private static Protos.DhcpOptions? Options(Api.DhcpOptions? options)
    {
        if (options is null)
            return null;
        var wire = new Protos.DhcpOptions { BootFileName = options.BootFileName ?? "", TftpServerName = options.TftpServerName ?? "" };
        wire.NtpServers.AddRange((options.NtpServers ?? []).Select(server => AddressText.TryParse(server, out var address) ? address.ToString() : server));
        foreach (var option in options.PrivateOptions ?? [])
            wire.PrivateOptions[(uint)(option.Option ?? 0)] = option.Value ?? "";
        return wire;
    }
}
