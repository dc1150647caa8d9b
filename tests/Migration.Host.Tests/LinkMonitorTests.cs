using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

public sealed class LinkMonitorTests
{
    [Fact]
    public void Links_that_come_change_and_go_are_told()
    {
        using var space = TestNamespace.Create("monitor");
        using var route = RouteClient.Open(space.Space);
        using var monitor = LinkMonitor.Open(space.Space);
        using var poller = new Poller();
        var events = new List<LinkEvent>();
        using var watch = poller.Watch(monitor.Descriptor, () => monitor.Read(events.Add, () => Assert.Fail("nothing was lost")));

        route.CreateLink(new NewLink.Bridge { Name = "br0" });
        route.CreateLink(new NewLink.Veth { Name = "a0", PeerName = "b0", MasterIndex = route.GetLink("br0").Index });
        var index = route.GetLink("a0").Index;
        route.SetLink(index, new LinkChanges { Up = true });
        route.SetLink(index, new LinkChanges { MasterIndex = 0 });
        Assert.True(poller.Wait(TimeSpan.FromSeconds(30)));

        Assert.Contains(events, change => change.Link.Name == "a0" && change.Link.IsUp && !change.Removed);
        // Leaving a bridge is reported as a deletion under the bridge's own family; the link is still there.
        Assert.DoesNotContain(events, change => change.Removed);

        events.Clear();
        route.DeleteLink(index);
        monitor.Read(events.Add, () => Assert.Fail("nothing was lost"));
        Assert.Equal(["a0", "b0"], events.Where(change => change.Removed).Select(change => change.Link.Name).Order());
    }

    [Fact]
    public void A_reader_that_fell_behind_is_told_to_read_anew()
    {
        using var space = TestNamespace.Create("behind");
        using var route = RouteClient.Open(space.Space);
        using var monitor = LinkMonitor.Open(space.Space, receiveBuffer: 4096);
        for (var pair = 0; pair < 20; pair++)
            route.CreateLink(new NewLink.Veth { Name = $"a{pair}", PeerName = $"b{pair}" });

        var resyncs = 0;
        var events = 0;
        monitor.Read(_ => events++, () => resyncs++);
        Assert.Equal(1, resyncs);
        Assert.InRange(events, 1, 39);

        // Afterwards it follows again.
        route.CreateLink(new NewLink.Veth { Name = "after", PeerName = "afterx" });
        var names = new List<string>();
        monitor.Read(change => names.Add(change.Link.Name), () => resyncs++);
        Assert.Contains("after", names);
        Assert.Equal(1, resyncs);
    }
}
