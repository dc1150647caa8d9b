using System.Net;
using System.Text.Json.Serialization;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// The way between the pod that keeps a guest's address and the pod that the guest lives in (DESIGN §7): a VXLAN whose outer packets go
/// from node to node, with an end in each pod. Between two pods of one node it is a plain cable.
/// </summary>
internal sealed record Stretch
{
    /// <summary>Its own UDP port: the CNI's VXLAN, if it has one, never meets it.</summary>
    public const ushort Port = 4790;
    public const uint Ids = 1 << 24;

    public required uint Id { get; init; }
    public required StretchPart Part { get; init; }
    public required string HomeNode { get; init; }
    public required string HomeMachine { get; init; }
    public required string HomeAddress { get; init; }
    public required string HomeControl { get; init; }
    public required string GuestNode { get; init; }
    public required string GuestAddress { get; init; }

    /// <summary>
    /// The network reaches the guest's new place by itself: only what comes in between takes this way, from the old pod to the new one, and
    /// it goes when the network has learned where the guest is.
    /// </summary>
    public bool Passing { get; init; }

    /// <summary>A passing one, at its end: the guest is there, and hears its network there. Before, that would deliver twice what floods the network.</summary>
    public bool Arrived { get; init; }

    /// <summary>The link's name in the pod.</summary>
    public string Link => $"st{Id:x6}";

    /// <summary>Both pods are on this node.</summary>
    public bool IsLocal => HomeAddress == GuestAddress;

    /// <summary>Where its outer packets come from.</summary>
    [JsonIgnore]
    public IPAddress Peer => IPAddress.Parse(Ends.There);

    private (string Here, string There) Ends => Part is StretchPart.Guest ? (GuestAddress, HomeAddress) : (HomeAddress, GuestAddress);

    // The two ends of a local one are made in one namespace before they part, and cannot have one name there.
    private string OtherEnd => $"sx{Id:x6}";

    /// <summary>A link to it in the pod, up, mute, and as large as the pod's NIC: what is too large for the network between the nodes is fragmented, and nothing vanishes.</summary>
    public IEnumerable<Step> Steps(PodLinks pod, int mtu)
    {
        yield return IsLocal ? LocalEnd(pod) : RemoteEnd(pod);
        yield return pod.Parameter($"net/ipv6/conf/{Link}/disable_ipv6", "1");
        yield return pod.Link(Link, new LinkChanges { Arp = false, Mtu = mtu, Up = true });
        yield return pod.Hooks(pod.Route.GetLink(Link).Index);
    }

    /// <summary>Removes every stretch from a pod but those that are wanted: also what was left by somebody who was killed.</summary>
    public static void RemoveOthers(PodLinks pod, Func<IReadOnlySet<string>> wanted)
    {
        var present = pod.Route.GetLinks().Where(IsStretch).Select(link => link.Name).ToList();
        // Asked afterwards: what is made for another NIC at this moment was written down before it was made.
        foreach (var name in present.Except(present.Count == 0 ? [] : wanted()))
            pod.RemoveLink(name);
    }

    private static bool IsStretch(Link link) =>
        link.Name.Length == 8 && link.Name.StartsWith("st", StringComparison.Ordinal) && link.Name[2..].All(char.IsAsciiHexDigitLower)
        && (link.Kind == "veth" || link.Details is LinkDetails.Vxlan { Port: Port });

    private Step RemoteEnd(PodLinks pod) => new($"a stretch {Link} to {Ends.There}", () => IsThere(pod), () =>
    {
        // Made where the nodes reach each other, and moved from there: its outer packets stay there.
        using var node = RouteClient.Open();
        Create(node, new NewLink.Vxlan
        {
            Name = Link,
            Id = Id,
            Port = Port,
            Local = IPAddress.Parse(Ends.Here),
            Remote = IPAddress.Parse(Ends.There),
            Namespace = pod.Space,
        });
    });

    private void Create(RouteClient node, NewLink link)
    {
        try
        {
            node.CreateLink(link);
        }
        catch (NetlinkException taken) when (taken.Errno is Errno.EEXIST)
        {
            throw new RefusedException(Refusal.Busy, $"stretch {Id} is in use on this node: {taken.Message}");
        }
    }

    private bool IsThere(PodLinks pod) =>
        pod.Route.FindLink(Link)?.Details is LinkDetails.Vxlan vxlan && vxlan.Id == Id && vxlan.Remote?.ToString() == Ends.There;

    private Step LocalEnd(PodLinks pod) => new($"an end {Link} of a local stretch", () => pod.Route.FindLink(Link) is not null, () =>
    {
        using var node = RouteClient.Open();
        using var own = NetworkNamespace.Open("/proc/self/ns/net");
        // Whoever comes first leaves the other end waiting for the other pod.
        if (node.FindLink(OtherEnd) is { } waiting)
            node.SetLink(waiting.Index, new LinkChanges { Name = Link, Namespace = pod.Space });
        else
            Create(node, new NewLink.Veth { Name = Link, Namespace = pod.Space, PeerName = OtherEnd, PeerNamespace = own });
    });
}
