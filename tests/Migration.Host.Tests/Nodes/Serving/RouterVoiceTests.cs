using Microsoft.Extensions.Logging.Abstractions;
using Migration.Linux;
using Migration.Netlink;
using Migration.Node;
using Migration.Node.Networks;
using Migration.Testing;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>What the router says unasked, by a clock of the test's own.</summary>
public sealed class RouterVoiceTests : IDisposable
{
    private const string Mac = "02:00:00:00:00:09", Pod = "pod-uid";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly TestNamespace _guest = TestNamespace.Create("guest"), _pod = TestNamespace.Create("pod");
    private readonly ManualTime _time = new();
    private readonly NodeMetrics _metrics = new();
    private readonly GuestServer _server;
    private readonly Attachment _attachment;

    public RouterVoiceTests()
    {
        _server = new GuestServer(_metrics, _time, NullLogger<GuestServer>.Instance);
        var lease = new GuestLease { Mac = Mac, Addresses = ["fd00::5/64"], Mtu = 1500 };
        var bound = new BoundInterface { Name = "default", PodInterface = "eth0", Tap = "tap0", Mac = Mac, Lease = lease };
        _attachment = new Attachment { Key = new("lab", "guest", "eth0"), Pod = new("default", "guest", Pod), NamespacePath = _pod.Path, Bound = bound };
    }

    [Fact]
    public async Task Router_speaks_at_once_twice_soon_and_then_now_and_then()
    {
        using var ear = await ServeAsync();

        Hear(ear);
        for (var repetition = 0; repetition < 2; repetition++)
        {
            _time.Advance(await _time.UntilSetAsync(TimeSpan.FromSeconds(1), AdvertisingTimes.Initially, Ct));
            Hear(ear);
        }

        for (var repetition = 0; repetition < 3; repetition++)
        {
            _time.Advance(await _time.UntilSetAsync(AdvertisingTimes.Shortest, AdvertisingTimes.Longest, Ct));
            Hear(ear);
        }
    }

    [Fact]
    public async Task Router_is_silent_while_the_guest_runs_elsewhere_and_speaks_at_once_when_it_has_arrived()
    {
        _server.GuestRuns(Pod, false);
        using var ear = await ServeAsync();
        // The source after it has handed its guest over, and the target before it lets it run, look alike.
        _time.Advance(TimeSpan.FromHours(1));
        _server.Refresh(_attachment.Key, _attachment.Bound! with { Lease = _attachment.Bound.Lease with { Mtu = 1400 } });

        _server.GuestRuns(Pod, true);
        Assert.Equal(1400u, MtuIn(Hear(ear)));
        _server.GuestRuns(Pod, false);
        _time.Advance(TimeSpan.FromHours(1));
        _server.Refresh(_attachment.Key, _attachment.Bound! with { Lease = _attachment.Bound.Lease with { Mtu = 1300 } });
        _server.GuestRuns(Pod, true);

        Assert.Equal(1300u, MtuIn(Hear(ear)));
    }

    [Fact]
    public async Task Link_that_was_down_is_served_again()
    {
        using var ear = await ServeAsync();
        Hear(ear);
        await _pod.IpAsync("link set tap0 down");
        _server.GuestRuns(Pod, false);
        _server.GuestRuns(Pod, true);
        // It has tried, and will try again.
        await _time.UntilSetAsync(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), Ct);

        await _pod.IpAsync("link set tap0 up");
        _guest.WaitUntilUp("v0");
        _time.Advance(TimeSpan.FromMinutes(1));

        Hear(ear);
    }

    public void Dispose()
    {
        _server.Dispose();
        _metrics.Dispose();
        _guest.Dispose();
        _pod.Dispose();
    }

    private async Task<PacketSocket> ServeAsync()
    {
        await _guest.IpAsync($"link add v0 address {Mac} type veth peer name tap0 netns {_pod.Name}");
        // The guest's own stack asks for no router here.
        await _guest.ExecuteAsync("sysctl -qw net.ipv6.conf.v0.disable_ipv6=1");
        await _pod.ExecuteAsync("sysctl -qw net.ipv6.conf.tap0.disable_ipv6=1");
        await _guest.IpAsync("link set v0 up");
        await _pod.IpAsync("link set tap0 up");
        _guest.WaitUntilUp("v0");
        using var guest = RouteClient.Open(_guest.Space);
        using var pod = RouteClient.Open(_pod.Space);
        var ear = PacketSocket.Open(_guest.Space, guest.GetLink("v0").Index, new PacketOptions { IgnoreOutgoing = true });
        var tap = pod.GetLink("tap0");
        var nic = new PodNic { Link = tap, Identity = new NicIdentity { Index = tap.Index, Name = "tap0", Mac = Mac } };
        _server.Serve(_attachment, tap.Index, nic, _pod.Space);
        return ear;
    }

    private static byte[] Hear(PacketSocket ear)
    {
        const int type = 14 + 40;
        const byte routerAdvertisement = 134;
        var buffer = new byte[2048];
        Assert.True(ear.Wait(Limit), "the router is silent");
        Assert.True(ear.TryReceive(buffer, out var frame));
        Assert.Equal(routerAdvertisement, buffer[type]);
        return buffer[..frame.Length];
    }

    private static uint MtuIn(byte[] advertisement)
    {
        const int options = 14 + 40 + 16;
        const byte mtu = 5;
        for (var at = options; at < advertisement.Length; at += 8 * advertisement[at + 1])
        {
            if (advertisement[at] == mtu)
                return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(advertisement.AsSpan(at + 4));
        }

        throw new InvalidOperationException("no MTU");
    }
}
