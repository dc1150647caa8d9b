using System.Net;
using Migration.Node.Networks;

namespace Migration.Node.Tests;

public sealed class NodeOptionsTests
{
    [Fact]
    public void Everything_that_can_be_said_is_read()
    {
        Assert.True(NodeOptions.TryParse(
            ["--name", "n", "--listen", "10.0.0.1:7411", "--data-listen", "10.0.1.1:7412", "--socket", "/a/b.sock", "--state", "/s", "--kubelet-root", "/k",
                "--certificates", "/c", "--qemu", "/q", "--accelerator", "tcg", "--wiring", "takeover", "--cni-bin-dir", "/b:/c", "--cni-conf-dir", "/d", "--cni-time-limit", "5", "--lease-time", "600", "--cni-cache-dir", "/e"], out var options, out var error), error);

        Assert.Equal(new NodeOptions
        {
            Name = "n",
            Listen = IPEndPoint.Parse("10.0.0.1:7411"),
            DataListen = IPEndPoint.Parse("10.0.1.1:7412"),
            Socket = "/a/b.sock",
            State = "/s",
            KubeletRoot = "/k",
            Certificates = "/c",
            Qemu = "/q",
            Accelerator = Accelerator.Tcg,
            Wiring = WiringChoice.Takeover, CniPrograms = "/b:/c", CniConfigurations = "/d", CniTimeLimit = TimeSpan.FromSeconds(5), LeaseTime = TimeSpan.FromMinutes(10), CniCache = "/e",
        }, options);
        Assert.Equal("/a/journal", options!.Journal);
    }

    [Theory]
    [InlineData("--name is missing", "--socket", "/x")]
    [InlineData("--name: a value is missing", "--name")]
    [InlineData("--nmae: there is no such flag", "--nmae", "x")]
    [InlineData("--listen 10.0.0.1:x: not an address", "--name", "n", "--listen", "10.0.0.1:x")]
    [InlineData("--accelerator xen: not one of", "--name", "n", "--accelerator", "xen")]
    [InlineData("--wiring veth: not one of", "--name", "n", "--wiring", "veth")]
    [InlineData("--wiring 1: not one of", "--name", "n", "--wiring", "1")]
    [InlineData("--lease-time 7: not a number of seconds from 8", "--name", "n", "--lease-time", "7")]
    [InlineData("--listen needs --certificates", "--name", "n", "--listen", "10.0.0.1:1")]
    [InlineData("--data-listen needs --listen", "--name", "n", "--data-listen", "10.0.0.1:1")]
    public void Nonsense_is_refused_by_name(string expected, params string[] arguments)
    {
        Assert.False(NodeOptions.TryParse(arguments, out var options, out var error));
        Assert.Null(options);
        Assert.StartsWith(expected, error);
    }
}
