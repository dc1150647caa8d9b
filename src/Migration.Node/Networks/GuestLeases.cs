using System.Net;
using System.Text;
using Migration.Packets;
using Migration.Packets.Dhcp;

namespace Migration.Node.Networks;

/// <summary>From a lease as it is kept and travels to what the DHCP rule works with.</summary>
internal static class GuestLeases
{
    public static DhcpLease ToDhcp(BoundInterface bound) => ToDhcp(bound.Lease) with
    {
        BootFileName = bound.DhcpOptions?.BootFileName ?? "",
        TftpServerName = bound.DhcpOptions?.TftpServerName ?? "",
        NtpServers = [.. (bound.DhcpOptions?.NtpServers ?? []).Select(IPAddress.Parse)],
        ExtraOptions = [.. (bound.DhcpOptions?.Private ?? new Dictionary<int, string>()).OrderBy(option => option.Key)
            .Select(option => new DhcpOption((DhcpOptionCode)option.Key, Encoding.UTF8.GetBytes(option.Value)))],
    };

    public static DhcpLease ToDhcp(GuestLease lease) => new()
    {
        Mac = MacAddress.Parse(lease.Mac),
        Addresses = [.. lease.Addresses.Select(Packets.InterfaceAddress.Parse)],
        Gateway = lease.Gateway.Length > 0 ? IPAddress.Parse(lease.Gateway) : null,
        Routes = [.. lease.Routes.Select(route => new DhcpRoute(IPNetwork.Parse(route.Destination), route.Gateway.Length > 0 ? IPAddress.Parse(route.Gateway) : null))],
        NameServers = [.. lease.NameServers.Select(IPAddress.Parse)],
        Domain = lease.Domain,
        SearchDomains = lease.SearchDomains,
        HostName = lease.HostName,
        Mtu = lease.Mtu,
        ValidFor = lease.ValidFor,
    };

    /// <summary>Whether the guest is given IPv4: a managed tap is somebody else's to serve.</summary>
    public static bool ServesIpv4(BoundInterface bound) => bound.Binding is not BindingKind.ManagedTap && HasIpv4(bound.Lease);

    /// <summary>Whether the guest is given IPv6.</summary>
    public static bool ServesIpv6(BoundInterface bound) => bound.Binding is not BindingKind.ManagedTap && HasIpv6(bound.Lease);

    /// <summary>Whether there is anything that DHCPv4 could hand out.</summary>
    public static bool HasIpv4(GuestLease lease) => lease.Addresses.Any(address => Packets.InterfaceAddress.Parse(address).IsIpv4);

    /// <summary>Whether there is anything that DHCPv6 could hand out.</summary>
    public static bool HasIpv6(GuestLease lease) => lease.Addresses.Any(address => !Packets.InterfaceAddress.Parse(address).IsIpv4);
}
