using System.Net;
using System.Net.Sockets;

namespace Migration.Node.Networks;

/// <summary>The little network between a masquerading bridge and its guest, of one family: the first host is the bridge, the next the guest.</summary>
internal sealed record MasqueradeNetwork
{
    // KubeVirt's; a VMI may ask for others.
    private static readonly IPNetwork UsualIpv4 = IPNetwork.Parse("10.0.2.0/24"), UsualIpv6 = IPNetwork.Parse("fd10:0:2::/120");

    private MasqueradeNetwork(IPNetwork network) =>
        (Network, Gateway, Guest) = (network, Host(network, 1), Host(network, 2));

    public IPNetwork Network { get; }

    public IPAddress Gateway { get; }

    public IPAddress Guest { get; }

    public bool IsIpv4 => Network.BaseAddress.AddressFamily is AddressFamily.InterNetwork;

    /// <summary>One for each family that the pod NIC has an address of.</summary>
    /// <exception cref="RefusedException">What the plan asks for does not work here.</exception>
    public static IReadOnlyList<MasqueradeNetwork> Plan(InterfacePlan plan, PodNic nic)
    {
        var wanted = plan.GuestNetworks.Select(IPNetwork.Parse).ToList();
        var networks = new List<MasqueradeNetwork>();
        foreach (var usual in new[] { UsualIpv4, UsualIpv6 })
        {
            var family = usual.BaseAddress.AddressFamily;
            var ofFamily = wanted.Where(network => network.BaseAddress.AddressFamily == family).ToList();
            if (ofFamily.Count > 1)
                throw new RefusedException(Refusal.Malformed, $"interface {plan.Name}: guest networks {string.Join(", ", ofFamily)} are of one family; one is enough");
            var network = ofFamily.Count == 1 ? ofFamily[0] : usual;
            if (nic.Families.Contains(family))
                networks.Add(new MasqueradeNetwork(Usable(plan, nic, network)));
        }

        return networks.Count > 0 ? networks : throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: {plan.PodInterface} has no address that a guest could be masqueraded behind");
    }

    /// <summary>What a lease says of it: the lease is what stays with a guest.</summary>
    public static IReadOnlyList<MasqueradeNetwork> Of(GuestLease lease) =>
        [.. lease.Addresses.Select(Packets.InterfaceAddress.Parse).Select(address => new MasqueradeNetwork(NetworkOf(address.Address, address.PrefixLength)))];

    private static IPNetwork Usable(InterfacePlan plan, PodNic nic, IPNetwork network)
    {
        var bits = network.BaseAddress.GetAddressBytes().Length * 8;
        if (network.PrefixLength > bits - 2)
            throw new RefusedException(Refusal.Malformed, $"interface {plan.Name}: guest network {network} is too small for a bridge and a guest");
        if (nic.OnLink.FirstOrDefault(other => other.Contains(network.BaseAddress) || network.Contains(other.BaseAddress)) is { PrefixLength: > 0 } other)
            throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: the guest's network {network} overlaps {other} of {plan.PodInterface}; the plan must name another");
        return network;
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
