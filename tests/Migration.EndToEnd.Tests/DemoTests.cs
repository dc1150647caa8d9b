using System.Text.Json;
using Migration.Local.Cluster;
using Migration.Testing;

namespace Migration.EndToEnd.Tests;

/// <summary>The README's first command, as a program runs it.</summary>
public sealed class DemoTests
{
    private static readonly string[] Promised =
    [
        "result", "sourceNode", "targetNode", "memoryMiB", "totalMs", "stoppedMs", "createToSucceededMs", "transferredBytes", "iterations",
        "encrypted", "guestAddress", "interfaces", "packets", "lanPackets", "tcp",
    ];

    [Fact]
    public async Task Demo_moves_a_guest_reports_it_as_one_object_and_leaves_nothing()
    {
        var before = await Footprint.OfAsync("demo");

        var output = await Shell.RunAsync(Installation.Program("migration"), "demo", "--json");

        var report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(Promised.Order(), report.EnumerateObject().Select(property => property.Name).Order());
        Assert.Equal("Succeeded", report.GetProperty("result").GetString());
        Assert.NotEqual(report.GetProperty("sourceNode").GetString(), report.GetProperty("targetNode").GetString());
        Assert.Equal(512, report.GetProperty("memoryMiB").GetInt32());
        Assert.True(report.GetProperty("encrypted").GetBoolean());
        Assert.True(report.GetProperty("transferredBytes").GetInt64() > 10_000_000, output);
        Assert.True(report.GetProperty("stoppedMs").GetDouble() > 0, output);
        Assert.True(report.GetProperty("iterations").GetInt32() >= 1, output);
        var address = report.GetProperty("guestAddress");
        Assert.StartsWith("10.244.", address.GetProperty("before").GetString(), StringComparison.Ordinal);
        Assert.Equal(address.GetProperty("before").GetString(), address.GetProperty("after").GetString());
        foreach (var nic in report.GetProperty("interfaces").EnumerateArray())
        {
            // An IPv4 and an IPv6 address by our DHCP on both networks, kept.
            Assert.Equal(2, nic.GetProperty("before").GetArrayLength());
            Assert.Equal(nic.GetProperty("before").ToString(), nic.GetProperty("after").ToString());
        }

        Assert.Equal(["default", "lan"], report.GetProperty("interfaces").EnumerateArray().Select(nic => nic.GetProperty("name").GetString()));
        Assert.True(report.GetProperty("lanPackets").GetProperty("received").GetInt32() > 0, output);
        Assert.False(report.GetProperty("tcp").GetProperty("broken").GetBoolean(), output);
        Assert.True(report.GetProperty("packets").GetProperty("received").GetInt32() > 0, output);
        Assert.True(report.GetProperty("tcp").GetProperty("roundTrips").GetInt32() > 0, output);
        (await Footprint.OfAsync("demo")).AssertNothingLeft(before);
    }
}
