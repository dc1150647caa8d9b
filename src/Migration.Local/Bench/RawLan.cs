using System.Net;
using System.Net.NetworkInformation;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Netlink;

namespace Migration.Local.Bench;

/// <summary>
/// A bridge with a guest and a neighbour on it, for raw QEMUs: source and target are two ports of one switch, which is the best that a
/// migration without help can have. The guest has its link-local IPv6 address alone, so nobody has to serve it.
/// </summary>
internal sealed class RawLan : IDisposable
{
    private const string Bridge = "br0", Neighbour = "peer";
    private static readonly PhysicalAddress Mac = PhysicalAddress.Parse("02-00-5E-10-00-01");

    private readonly string _neighbourPath;
    private readonly int _scope;

    public RawLan(string cluster)
    {
        (Path, _neighbourPath) = (ClusterPaths.NamespacePath($"mig-{cluster}.raw"), ClusterPaths.NamespacePath($"mig-{cluster}.raw-peer"));
        using var space = NetworkNamespace.Create(Path);
        using var links = RouteClient.Open(space);
        Space = NetworkNamespace.Create(_neighbourPath);
        links.SetLink(links.GetLink("lo").Index, new LinkChanges { Up = true });
        links.CreateLink(new NewLink.Bridge { Name = Bridge, Up = true });
        links.CreateLink(new NewLink.Veth { Name = Neighbour, Up = true, MasterIndex = links.GetLink(Bridge).Index, PeerName = Neighbour, PeerNamespace = Space });
        using var neighbour = RouteClient.Open(Space);
        _scope = neighbour.GetLink(Neighbour).Index;
        neighbour.SetLink(_scope, new LinkChanges { Up = true });
    }

    /// <summary>Where the QEMUs are.</summary>
    public string Path { get; }

    /// <summary>Where the neighbour is.</summary>
    public NetworkNamespace Space { get; }

    /// <summary>The guest's address, as the neighbour reaches it.</summary>
    public IPAddress Guest
    {
        get
        {
            var mac = Mac.GetAddressBytes();
            // RFC 4291, appendix A.
            return new IPAddress([0xfe, 0x80, 0, 0, 0, 0, 0, 0, (byte)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]], _scope);
        }
    }

    /// <summary>The arguments for a QEMU with a port of its own.</summary>
    public IEnumerable<string> Card(string tap)
    {
        using var space = NetworkNamespace.Open(Path);
        using var links = RouteClient.Open(space);
        Tap.Open(space, tap, new TapOptions { Persistent = true, VirtioNetHeader = true }).Dispose();
        links.SetLink(links.GetLink(tap).Index, new LinkChanges { MasterIndex = links.GetLink(Bridge).Index, Up = true });
        var mac = string.Join(':', Mac.GetAddressBytes().Select(part => $"{part:x2}"));
        return
        [
            "-netdev", $"tap,id=net,ifname={tap},script=no,downscript=no,vhost=off",
            "-device", $"virtio-net-pci,netdev=net,mac={mac},bus=pcie.0,addr=0x8,rombar=0,romfile=",
        ];
    }

    public void Dispose()
    {
        Space.Dispose();
        NetworkNamespace.Delete(_neighbourPath);
        NetworkNamespace.Delete(Path);
    }
}
