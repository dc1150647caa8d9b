using Migration.Node.Networks;

namespace Migration.Node.Tests.Networks;

public sealed class PodNicNamesTests
{
    [Theory]
    [InlineData("eth0", "k6t-eth0", "eth0-nic", "tap0")]
    [InlineData("pod72ad293a5c9", "k6t-72ad293a5c9", "72ad293a5c9-nic", "tap72ad293a5c9")]
    [InlineData("podf54807dccb4", "k6t-f54807dccb4", "f54807dccb4-nic", "tapf54807dccb4")]
    [InlineData("net1", "k6t-net1", "net1-nic", "tap1")]
    [InlineData("net12", "k6t-net12", "net12-nic", "tap12")]
    [InlineData("net0", "k6t-net0", "net0-nic", "tapnet0")]
    [InlineData("netz", "k6t-netz", "netz-nic", "tapnetz")]
    [InlineData("pod", "k6t-pod", "pod-nic", "tappod")]
    public void Names_are_kubevirts(string nic, string bridge, string renamed, string tap)
    {
        var names = PodNicNames.Of(nic);

        Assert.Equal((nic, bridge, renamed, tap), (names.Nic, names.Bridge, names.Renamed, names.Tap));
    }

    [Theory]
    [InlineData("abcdefghijklmno")]
    [InlineData("podabcdefghijkl")]
    [InlineData("pod72ad293a5c9")]
    [InlineData("ovn-udn1")]
    public void Names_fit_the_kernel_and_differ(string nic)
    {
        var names = PodNicNames.Of(nic);

        string[] all = [names.Nic, names.Bridge, names.Renamed, names.Parked, names.Tap];
        Assert.All(all, name => Assert.InRange(name.Length, 1, 15));
        Assert.Equal(5, all.Distinct().Count());
    }
}
