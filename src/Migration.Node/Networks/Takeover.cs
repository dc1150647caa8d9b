using System.Security.Cryptography;
using System.Text;
using Migration.Linux;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>
/// The classic wiring, KubeVirt's: the NIC is renamed, loses its addresses, gets a MAC of its own and becomes a port of a bridge beside the
/// tap; a link that is down keeps name, MAC and addresses, for whoever looks for them (CNI CHECK, kubelet). For kernels without tc's
/// redirection and for tools that expect these links.
/// </summary>
internal sealed class Takeover(PodLinks links, bool guarded) : IBinding
{
    private const byte HostLength = 32;

    public void Ensure(PodNic nic, BoundInterface bound) => Step.Ensure(Steps(nic, bound));

    public string? Differs(PodNic nic, BoundInterface bound) => Step.Missing(Steps(nic, bound));

    public void Remove(PodNicNames names, NicIdentity? original)
    {
        if (FindNic(names, original) is { } nic)
            Step.Ensure(Restoration(nic, names, original ?? Recall(links, names, nic)));
        else if (original is not null && links.Route.FindLink(names.Nic) is { } keeper && keeper.Index != original.Index)
            links.RemoveLink(names.Nic);
        links.RemoveLink(names.Retired);
        links.Discard(names.Bridge);
        links.Discard(names.Tap);
    }

    /// <summary>What the links themselves still tell of a NIC that was taken over; only its routes are not among it.</summary>
    public static NicIdentity Recall(PodLinks links, PodNicNames names, Link nic)
    {
        var keeper = links.Route.FindLink(names.Retired) ?? links.Route.FindLink(names.Nic) ?? nic;
        return NicIdentity.Read(links, keeper, names.Nic) with { Index = nic.Index, Ipv6Disabled = "0" };
    }

    /// <summary>
    /// The MAC that the NIC has meanwhile: the guest's own would make the bridge keep the guest's frames for itself. Always the same for one
    /// NIC, so that doing it again changes nothing.
    /// </summary>
    public static MacAddress StandIn(MacAddress original)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"stand-in for {original}"));
        bytes[0] = 0x02;
        return MacAddress.Read(bytes);
    }

    private IEnumerable<Step> Steps(PodNic nic, BoundInterface bound)
    {
        var names = PodNicNames.Of(bound.PodInterface);
        IEnumerable<Step> guards = [];
        foreach (var step in links.Tap(bound))
            yield return step;
        if (guarded)
            guards = Guards.Steps(links, nic, links.Route.GetLink(bound.Tap).Index, bound);
        foreach (var step in guards.Concat(Bridge(nic, names, bound)).Concat(Retreat(nic, names)).Concat(Keeper(nic, names)).Concat(Join(nic, names, bound)))
            yield return step;
    }

    private IEnumerable<Step> Bridge(PodNic nic, PodNicNames names, BoundInterface bound)
    {
        var mac = StandIn(nic.Mac).ToPhysicalAddress();
        yield return links.Exists(new NewLink.Bridge { Name = names.Bridge, Mac = mac, SpanningTree = false, ForwardDelay = 0, MulticastSnooping = false });
        yield return links.Parameter($"net/ipv6/conf/{names.Bridge}/disable_ipv6", "1");
        if (ServerAddress(bound) is not { } server)
            yield break;
        // It answers for the server's address and for nothing else of the pod's.
        yield return links.Parameter($"net/ipv4/conf/{names.Bridge}/arp_ignore", "1");
        yield return links.Address(names.Bridge, server);
    }

    /// <summary>The NIC gives up its name, its MAC and its addresses.</summary>
    private IEnumerable<Step> Retreat(PodNic nic, PodNicNames names)
    {
        var index = nic.Link.Index;
        var standIn = StandIn(nic.Mac).ToPhysicalAddress();
        bool Retreated() => links.Route.GetLink(index) is var now && now.Name == names.Renamed && now.Mac.Equals(standIn);
        yield return new Step($"{names.Renamed} down before it is renamed", () => Retreated() || !links.Route.GetLink(index).IsUp, () => links.Route.SetLink(index, new LinkChanges { Up = false }));
        yield return new Step($"{names.Renamed} with MAC {StandIn(nic.Mac)}", Retreated, () => links.Route.SetLink(index, new LinkChanges { Name = names.Renamed, Mac = standIn }));
        yield return links.Parameter($"net/ipv6/conf/{names.Renamed}/disable_ipv6", "1");
        yield return links.Addresses(names.Renamed, []);
        yield return links.Link(names.Renamed, new LinkChanges { MasterIndex = links.Route.GetLink(names.Bridge).Index });
        yield return links.Port(names.Renamed, new BridgePort { Learning = false });
    }

    /// <summary>A link that is down and looks like the NIC as it was.</summary>
    private IEnumerable<Step> Keeper(PodNic nic, PodNicNames names)
    {
        var mac = nic.Mac.ToPhysicalAddress();
        yield return new Step($"a keeper of the name {names.Nic}", () => links.Route.FindLink(names.Nic) is not null, () => CreateKeeper(nic, names));
        yield return links.Link(names.Nic, new LinkChanges { Up = false, Mac = mac, Mtu = nic.Link.Mtu });
        yield return links.Addresses(names.Nic, nic.Identity.Addresses);
    }

    private IEnumerable<Step> Join(PodNic nic, PodNicNames names, BoundInterface bound)
    {
        yield return links.Link(bound.Tap, new LinkChanges { MasterIndex = links.Route.GetLink(names.Bridge).Index, Mtu = nic.Link.Mtu, Up = true });
        yield return links.Link(names.Bridge, new LinkChanges { Mtu = nic.Link.Mtu, Up = true });
        yield return links.Link(names.Renamed, new LinkChanges { Up = true });
    }

    /// <summary>
    /// The way back. The keeper goes only when the NIC itself carries everything that the keeper carried, so that being cut off here loses
    /// nothing even where the record is lost too. The name comes before the addresses: a new name would change their labels.
    /// </summary>
    private IEnumerable<Step> Restoration(Link nic, PodNicNames names, NicIdentity original)
    {
        var index = nic.Index;
        var mac = MacAddress.Parse(original.Mac).ToPhysicalAddress();
        bool Restored() => links.Route.GetLink(index) is var now && now.Name == original.Name && now.Mac.Equals(mac);
        links.RemoveFilters(index, Guards.Priority);
        yield return new Step($"{nic.Name} out of its bridge", () => links.Route.GetLink(index).MasterIndex is null, () => links.Route.SetLink(index, new LinkChanges { MasterIndex = 0 }));
        yield return new Step($"{nic.Name} down before it is renamed", () => Restored() || !links.Route.GetLink(index).IsUp, () => links.Route.SetLink(index, new LinkChanges { Up = false }));
        yield return new Step($"the name {names.Nic} free", () => FindKeeper(names, index) is null, () => links.Route.SetLink(FindKeeper(names, index)!.Index, new LinkChanges { Name = names.Retired }));
        yield return new Step($"{original.Name} with MAC {original.Mac} again", Restored, () => links.Route.SetLink(index, new LinkChanges { Name = original.Name, Mac = mac }));
        if (original.Ipv6Disabled is { } disabled)
            yield return links.Parameter($"net/ipv6/conf/{original.Name}/disable_ipv6", disabled);
        yield return links.Link(original.Name, new LinkChanges { Up = true });
        yield return links.Addresses(original.Name, original.Addresses);
        foreach (var neighbour in original.Neighbours)
            yield return links.Neighbour(original.Name, neighbour.Key, neighbour.Value);
        foreach (var route in original.Routes)
            yield return links.RouteStep(route.ToRoute());
    }

    private Link? FindKeeper(PodNicNames names, int nic) => links.Route.FindLink(names.Nic) is { } keeper && keeper.Index != nic ? keeper : null;

    private Link? FindNic(PodNicNames names, NicIdentity? original) =>
        original is not null ? links.Route.FindLink(original.Index)
        : links.Route.FindLink(names.Renamed) ?? (links.Route.FindLink(names.Retired) is null ? null : links.Route.FindLink(names.Nic));

    /// <summary>Only a NIC whose guest gets IPv4 from us has the server's address beside it.</summary>
    private static NicAddress? ServerAddress(BoundInterface bound) => GuestLeases.ServesIpv4(bound)
        ? new NicAddress { Address = GuestIdentity.Of(bound).Server.Address.ToString(), PrefixLength = HostLength }
        : null;

    private void CreateKeeper(PodNic nic, PodNicNames names)
    {
        // A Detach that was cut off had put it aside.
        if (links.Route.FindLink(names.Retired) is { } retired)
        {
            links.Route.SetLink(retired.Index, new LinkChanges { Name = names.Nic });
            return;
        }

        var mac = nic.Mac.ToPhysicalAddress();
        try
        {
            links.Route.CreateLink(new NewLink.Dummy { Name = names.Nic, Mac = mac, Mtu = nic.Link.Mtu });
        }
        catch (NetlinkException unknown) when (unknown.Errno is Errno.EOPNOTSUPP)
        {
            links.Route.CreateLink(new NewLink.Veth { Name = names.Nic, PeerName = names.Parked, Mac = mac, Mtu = nic.Link.Mtu });
        }
    }
}
