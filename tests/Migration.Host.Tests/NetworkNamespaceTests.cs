using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public async Task A_created_namespace_is_one_that_ip_netns_knows()
    {
        using var space = TestNamespace.Create("known");
        Assert.Contains(space.Name, await Shell.RunAsync("ip", "netns", "list"), StringComparison.Ordinal);
        Assert.Equal(space.Space.Inode.ToString(), (await Shell.RunAsync("stat", "-L", "-c", "%i", space.Path)).Trim());

        using var again = NetworkNamespace.Open(space.Path);
        Assert.True(again.IsSameAs(space.Space));
        Assert.Throws<IOException>(() => NetworkNamespace.Create(space.Path));
        Assert.True(NetworkNamespace.Delete(space.Path));
        Assert.False(NetworkNamespace.Delete(space.Path));
        Assert.DoesNotContain(space.Name, await Shell.RunAsync("ip", "netns", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_namespace_made_by_ip_netns_can_be_opened_and_deleted()
    {
        var name = $"mt{Environment.ProcessId}-0-theirs";
        await Shell.RunAsync("ip", "netns", "add", name);
        var path = Path.Combine(NetworkNamespace.Directory, name);
        using (var space = NetworkNamespace.Open(path))
        using (var current = NetworkNamespace.Current())
            Assert.False(space.IsSameAs(current));
        Assert.True(NetworkNamespace.Delete(path));
    }

    [Fact]
    public void A_path_that_is_no_namespace_is_told_so()
    {
        var path = Path.GetTempFileName();
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.Open(path)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/proc/self/ns/mnt")).Errno);
        File.Delete(path);
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => NetworkNamespace.Open(path)).Errno);
    }

    [Fact]
    public void Work_runs_inside_and_the_caller_stays_outside()
    {
        using var space = NetworkNamespace.CreateAnonymous();
        using var own = NetworkNamespace.Current();
        using var inside = space.Run(() => NetworkNamespace.Open("/proc/thread-self/ns/net"));
        Assert.True(inside.IsSameAs(space));
        using var after = NetworkNamespace.Open("/proc/thread-self/ns/net");
        Assert.True(after.IsSameAs(own));
    }

    [Fact]
    public void A_failure_inside_arrives_at_the_caller_as_it_was()
    {
        using var space = NetworkNamespace.CreateAnonymous();
        var thrown = Assert.Throws<InvalidDataException>(() => space.Run(new Action(() => throw new InvalidDataException("inside"))));
        Assert.Equal("inside", thrown.Message);
    }

    [Fact]
    public async Task Kernel_parameters_are_those_of_the_namespace()
    {
        using var space = TestNamespace.Create("sysctl");
        const string Key = "net/ipv4/conf/all/arp_ignore";
        using var own = NetworkNamespace.Current();
        var before = Sysctl.Read(own, Key);

        Sysctl.Write(space.Space, Key, "3");

        Assert.Equal("3", Sysctl.Read(space.Space, Key));
        Assert.Equal("3", (await space.ExecuteAsync($"cat /proc/sys/{Key}")).Trim());
        Assert.Equal(before, Sysctl.Read(own, Key));
        Assert.Null(Sysctl.TryRead(space.Space, "net/ipv4/conf/absent/arp_ignore"));
        var refused = Assert.Throws<LinuxException>(() => Sysctl.Write(space.Space, Key, "nonsense"));
        Assert.Equal($"set {Key} to nonsense: Invalid argument (EINVAL)", refused.Message);
        Assert.Throws<ArgumentException>(() => Sysctl.Read(space.Space, "../etc/passwd"));
    }

    [Fact]
    public void An_anonymous_namespace_is_gone_when_nothing_holds_it()
    {
        using var host = TestNamespace.Create("host");
        using var route = RouteClient.Open(host.Space);
        using var monitor = LinkMonitor.Open(host.Space);
        using (var anonymous = NetworkNamespace.CreateAnonymous())
            route.CreateLink(new NewLink.Veth { Name = "a0", PeerName = "b0", PeerNamespace = anonymous });

        // The kernel takes a namespace down in the background, and the far end of the cable with it.
        using var poller = new Poller();
        var gone = false;
        using var watch = poller.Watch(monitor.Descriptor, () => monitor.Read(change => gone |= change.Removed, () => Assert.Fail("nothing was lost")));
        while (!gone)
            Assert.True(poller.Wait(TimeSpan.FromSeconds(30)), "the namespace is still there");
    }
}
