using System.Net;
using System.Net.Sockets;

namespace Migration.Node.Networks;

/// <summary>The little network between a masquerading bridge and its guest, of one family: the first host is the bridge, the next the guest.</summary>
internal sealed record MasqueradeNetwork
{
    // KubeVirt's; a VMI may ask for others.
    private static readonly IPNetwork UsualIpv4 = IPNetwork.Parse("10.0.2.0/24"), UsualIpv6 = IPNetwork.Parse("fd10:0:2::/120");

    private MasqueradeNetwork(IPNetwork network, IPAddress guest) => (Network, Gateway, Guest) = (network, Host(network, 1), guest);

    public IPNetwork Network { get; }

    public IPAddress Gateway { get; }

    public IPAddress Guest { get; }

    public bool IsIpv4 => Network.BaseAddress.AddressFamily is AddressFamily.InterNetwork;

    /// <summary>One for each family that the pod NIC has an address of; those of its lease for a guest that brings one.</summary>
    /// <exception cref="RefusedException">What the plan asks for does not work here.</exception>
    public static IReadOnlyList<MasqueradeNetwork> Plan(InterfacePlan plan, PodNic nic)
    {
        var networks = plan.Lease is { } brought ? Of(brought) : [.. new[] { UsualIpv4, UsualIpv6 }.Select(usual => Wanted(plan, usual)).Where(one => nic.Families.Contains(one.BaseAddress.AddressFamily)).Select(one => FirstHosts(plan, one))];
        if (networks.Count == 0)
            throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: {plan.PodInterface} has no address that a guest could be masqueraded behind");
        foreach (var network in networks)
            network.RequireFree(plan, nic);
        return networks;
    }

    /// <summary>What a lease says of it: the lease is what stays with a guest.</summary>
    public static IReadOnlyList<MasqueradeNetwork> Of(GuestLease lease) =>
        [.. lease.Addresses.Select(Packets.InterfaceAddress.Parse).Select(one => new MasqueradeNetwork(NetworkOf(one.Address, one.PrefixLength), one.Address))];

    private static IPNetwork Wanted(InterfacePlan plan, IPNetwork usual)
    {
        var wanted = plan.GuestNetworks.Select(IPNetwork.Parse).Where(network => network.BaseAddress.AddressFamily == usual.BaseAddress.AddressFamily).ToList();
        return wanted.Count switch
        {
            0 => usual,
            1 => wanted[0],
            _ => throw new RefusedException(Refusal.Malformed, $"interface {plan.Name}: guest networks {string.Join(", ", wanted)} are of one family; one is enough"),
        };
    }

    private static MasqueradeNetwork FirstHosts(InterfacePlan plan, IPNetwork network) =>
        network.PrefixLength <= network.BaseAddress.GetAddressBytes().Length * 8 - 2
            ? new MasqueradeNetwork(network, Host(network, 2))
            : throw new RefusedException(Refusal.Malformed, $"interface {plan.Name}: guest network {network} is too small for a bridge and a guest");

    private void RequireFree(InterfacePlan plan, PodNic nic)
    {
        if (Guest.Equals(Gateway))
            throw new RefusedException(Refusal.Malformed, $"interface {plan.Name}: {Guest} is the bridge's address, not the guest's");
        foreach (var other in nic.OnLink.Where(other => other.Contains(Network.BaseAddress) || Network.Contains(other.BaseAddress)))
            throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: the guest's network {Network} overlaps {other} of {plan.PodInterface}; the plan must name another");
    }

    private static IPNetwork NetworkOf(IPAddress address, int prefixLength)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefixLength; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), prefixLength);
    }

    private static IPAddress Host(IPNetwork network, byte number)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1] += number;
        return new IPAddress(bytes);
    }
}
