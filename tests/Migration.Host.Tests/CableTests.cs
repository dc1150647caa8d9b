using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

/// <summary>
/// DESIGN §5's cable with real frames: world ── veth ── eth0 ═ tc ═ tap0 ── guest. The guest is a namespace with a tap of its own that a
/// <see cref="Wire"/> joins to tap0's descriptor, where QEMU would be. The pod keeps the guest's address on eth0, as in the product.
/// </summary>
public sealed partial class CableTests : IDisposable
{
    private const string WorldAddress = "10.1.1.1", GuestAddress = "10.1.1.2";
    private static readonly PhysicalAddress GuestMac = PhysicalAddress.Parse("02-00-00-00-00-02");

    private readonly TestNamespace _world = TestNamespace.Create("world");
    private readonly TestNamespace _pod = TestNamespace.Create("pod");
    private readonly List<IDisposable> _guests = [];
    private readonly RouteClient _route;
    private readonly Classifier _everything = TrafficCapabilities.Probe().ForRedirect!;
    private readonly int _door;

    public CableTests()
    {
        foreach (var space in new[] { _world, _pod })
            Sysctl.Write(space.Space, "net/ipv6/conf/default/disable_ipv6", "1");
        _route = RouteClient.Open(_pod.Space);
        _route.CreateLink(new NewLink.Veth { Name = "eth0", Mac = GuestMac, Up = true, PeerName = "world0", PeerNamespace = _world.Space });
        _door = _route.GetLink("eth0").Index;
        _route.AddAddress(new InterfaceAddress { InterfaceIndex = _door, Address = IPAddress.Parse(GuestAddress), PrefixLength = 24 });
        _route.AddTrafficHooks(_door);
        SetUp(_world.Space, "world0", WorldAddress);
        _pod.WaitUntilUp("eth0");
    }

    public void Dispose()
    {
        _guests.ForEach(guest => guest.Dispose());
        _route.Dispose();
        _pod.Dispose();
        _world.Dispose();
    }

    [Fact]
    public async Task Ping_passes_the_cable_and_the_pods_own_stack_does_not_see_it()
    {
        var tap = AddGuest("tap0");
        _route.ReplaceFilter(TrafficFilter.Redirect(_door, tap, _everything));

        // The sniffer says that it captures a little before it does; so there is traffic until it has seen enough.
        var sniffing = _world.ExecuteAsync("tshark -n -l -i world0 -c 20 -T fields -e icmp.type -e eth.src -f icmp");
        do
            Assert.Equal(5, await PingAsync(5, TimeSpan.FromMilliseconds(10)));
        while (!sniffing.IsCompleted);
        var seen = (await sniffing).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        // One reply for each request: the guest's, from the guest's MAC, and none of the pod's own stack.
        Assert.Equal(20, seen.Length);
        Assert.InRange(seen.Count(line => line == "0\t02:00:00:00:00:02"), 9, 11);
        Assert.Equal(20, seen.Count(line => line == "0\t02:00:00:00:00:02" || line.StartsWith("8\t", StringComparison.Ordinal)));

        var redirected = Assert.Single(_route.GetFilters(_door, TrafficHook.Ingress)).Action!.Packets;
        Assert.True(redirected >= 10, $"only {redirected} frames were redirected");
        var shown = await _pod.TcJsonAsync("filter show dev eth0 ingress");
        Assert.Contains($"\"packets\":{redirected}", shown.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tcp_with_offloads_passes_unharmed()
    {
        var tap = AddGuest("tap0", TapOffloads.Checksum | TapOffloads.SegmentTcp4);
        _route.ReplaceFilter(TrafficFilter.Redirect(_door, tap, _everything));
        var guest = (Guest)_guests[0];

        using var listener = SocketIn(guest.Space);
        listener.Bind(new IPEndPoint(IPAddress.Parse(GuestAddress), 5000));
        listener.Listen();
        using var client = SocketIn(_world.Space);
        await client.ConnectAsync(IPAddress.Parse(GuestAddress), 5000, TestContext.Current.CancellationToken);
        using var server = await listener.AcceptAsync(TestContext.Current.CancellationToken);

        var content = RandomNumberGenerator.GetBytes(4 * 1024 * 1024);
        var sending = Task.Run(() =>
        {
            client.Send(content);
            client.Shutdown(SocketShutdown.Send);
        }, TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(server);
        var received = new MemoryStream();
        await stream.CopyToAsync(received, TestContext.Current.CancellationToken);
        await sending;
        Assert.Equal(content, received.ToArray());
        Assert.True(guest.Wire.LargestFrame > 2000, $"no large segment came through: the largest frame had {guest.Wire.LargestFrame} bytes");
    }

    [Fact]
    public async Task Pointing_the_cable_elsewhere_loses_and_doubles_nothing()
    {
        int[] taps = [AddGuest("tap0"), AddGuest("tap1")];
        _route.ReplaceFilter(TrafficFilter.Redirect(_door, taps[0], _everything));
        // Two guests ask for the world's MAC where one would in life, and the answer to one may be led to the other.
        PinNeighbour(_world.Space, "world0", GuestAddress, GuestMac);
        foreach (var guest in _guests.Cast<Guest>())
            PinNeighbour(guest.Space, "eth0", WorldAddress, MacOf(_world.Space, "world0"));

        var pinging = PingAsync(500, TimeSpan.FromMilliseconds(2));
        var switches = 0;
        while (!pinging.IsCompleted)
            _route.ReplaceFilter(TrafficFilter.Redirect(_door, taps[++switches % 2], _everything));

        Assert.Equal(500, await pinging);
        Assert.True(switches > 100, $"only {switches} switches");
        Assert.All(_guests, guest => Assert.True(((Guest)guest).Wire.Frames > 50, "a guest got hardly anything"));
    }

    private static void SetUp(NetworkNamespace space, string name, string address)
    {
        using var route = RouteClient.Open(space);
        var index = route.GetLink(name).Index;
        route.AddAddress(new InterfaceAddress { InterfaceIndex = index, Address = IPAddress.Parse(address), PrefixLength = 24 });
        route.SetLink(index, new LinkChanges { Up = true });
    }

    private static void PinNeighbour(NetworkNamespace space, string name, string address, PhysicalAddress mac)
    {
        using var route = RouteClient.Open(space);
        route.ReplaceNeighbour(new Neighbour { InterfaceIndex = route.GetLink(name).Index, Address = IPAddress.Parse(address), Mac = mac });
    }

    private static PhysicalAddress MacOf(NetworkNamespace space, string name)
    {
        using var route = RouteClient.Open(space);
        return route.GetLink(name).Mac;
    }

    private static Socket SocketIn(NetworkNamespace space) => space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));

    /// <summary>A tap in the pod with a guest behind it, its frames led to eth0. Returns the tap's index.</summary>
    private int AddGuest(string name, TapOffloads offloads = TapOffloads.None)
    {
        var guest = new Guest(_pod.Space, name, offloads);
        _guests.Add(guest);
        var index = _route.GetLink(name).Index;
        _route.SetLink(index, new LinkChanges { Up = true });
        _route.AddTrafficHooks(index);
        _route.ReplaceFilter(TrafficFilter.Redirect(index, _door, _everything));
        return index;
    }

    /// <summary>Pings the guest from the world; how many requests went out and how many answers came, duplicates counted.</summary>
    private Task<int> PingAsync(int count, TimeSpan interval) =>
        EchoRequests.CountAnswersAsync(_world.Space, IPAddress.Parse(GuestAddress), count, interval);

    private sealed class Guest : IDisposable
    {
        private readonly Tap _outside;
        private readonly Tap _inside;

        public Guest(NetworkNamespace pod, string tap, TapOffloads offloads)
        {
            Space = NetworkNamespace.CreateAnonymous();
            Sysctl.Write(Space, "net/ipv6/conf/default/disable_ipv6", "1");
            _outside = Tap.Open(pod, tap, new TapOptions());
            _inside = Tap.Open(Space, "eth0", new TapOptions());
            foreach (var end in new[] { _outside, _inside })
                end.SetOffloads(offloads);
            using (var route = RouteClient.Open(Space))
                route.SetLink(route.GetLink("eth0").Index, new LinkChanges { Mac = GuestMac });
            SetUp(Space, "eth0", GuestAddress);
            Wire = new Wire(_outside.Queues[0], _inside.Queues[0]);
        }

        public NetworkNamespace Space { get; }

        public Wire Wire { get; }

        public void Dispose()
        {
            Wire.Dispose();
            _outside.Dispose();
            _inside.Dispose();
            Space.Dispose();
        }
    }
}
