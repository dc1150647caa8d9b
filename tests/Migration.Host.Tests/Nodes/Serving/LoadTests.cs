using System.Globalization;
using System.Text.RegularExpressions;
using Migration.Testing;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>perfdhcp, Kea's load generator, in the guest's place: many exchanges, and messages that no ordinary client sends.</summary>
public sealed partial class LoadTests
{
    private const int Exchanges = 500;

    [Fact]
    public async Task Every_exchange_of_a_load_is_answered_in_both_families()
    {
        await using var served = await ServedGuest.StartAsync();
        await WithAddressAsync(served);

        AssertComplete(await PerfdhcpAsync(served, "-4 -B -r 500 -n 500"), "DISCOVER-OFFER", "REQUEST-ACK");
        AssertComplete(await PerfdhcpAsync(served, "-6 -r 500 -n 500"), "SOLICIT-ADVERTISE", "REQUEST-REPLY");
        await served.JudgeAsync();
    }

    [Fact]
    public async Task Odd_messages_are_answered_as_the_standards_say_or_not_at_all()
    {
        await using var served = await ServedGuest.StartAsync();
        await WithAddressAsync(served);

        // A prefix is not to be had. Options nobody knows, empty ones and long ones.
        await PerfdhcpAsync(served, "-6 -e prefix-only -r 1 -n 1", fails: true);
        await PerfdhcpAsync(served, $"-4 -B -r 100 -n 20 -o 222,{new string('a', 400)} -o 12,00");
        await PerfdhcpAsync(served, $"-6 -r 100 -n 20 -o 65001,{new string('f', 1000)}");
        // By a relay, which no guest is; and a client that is not this guest.
        await PerfdhcpAsync(served, "-6 -A 1 -r 1 -n 1", fails: true);
        await PerfdhcpAsync(served, "-4 -B -r 1 -n 1", fails: true, mac: "00:0c:01:02:03:04");

        Assert.Matches($"ip={ServedGuest.Address4} ", await served.Stack.UdhcpcAsync(served.Folder));
        await served.JudgeAsync();
        Assert.Equal("", await served.TsharkAsync("-Y", "dhcpv6.msgtype == 13"));
        // NoPrefixAvail.
        Assert.Contains("6", (await served.TsharkAsync("-Y", "dhcpv6.status_code", "-T", "fields", "-e", "dhcpv6.status_code")).Split('\n').SelectMany(line => line.Split(',')));
    }

    // Without an address of some kind there is nothing for perfdhcp to bind to.
    private static async Task WithAddressAsync(ServedGuest served)
    {
        await served.Guest.IpAsync("addr add 192.0.2.9/24 dev eth0");
        await served.EventuallyAsync(
            async () => (await served.Guest.IpAsync("-6 addr show dev eth0 scope link -tentative")).Contains("fe80::", StringComparison.Ordinal), "the link-local address is ready");
    }

    private static async Task<string> PerfdhcpAsync(ServedGuest served, string arguments, bool fails = false, string mac = ServedGuest.Mac)
    {
        var line = $"perfdhcp {arguments} -d 30 -W 200000 -R 1 -b mac={mac} -l eth0{(arguments.Contains("-4", StringComparison.Ordinal) ? " 255.255.255.255" : "")}";
        try
        {
            return await served.Guest.ExecuteAsync(fails ? line.Replace("-d 30", "-d 1", StringComparison.Ordinal) : line);
        }
        catch (ShellException incomplete) when (fails)
        {
            return incomplete.Message;
        }
    }

    private static void AssertComplete(string report, params string[] exchanges)
    {
        var counts = Count().Matches(report).ToDictionary(match => match.Groups["exchange"].Value, match =>
            (int.Parse(match.Groups["sent"].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups["received"].Value, CultureInfo.InvariantCulture)));
        foreach (var exchange in exchanges)
        {
            Assert.True(counts.ContainsKey(exchange), report);
            Assert.True(counts[exchange].Item1 >= Exchanges && counts[exchange].Item1 == counts[exchange].Item2, report);
        }
    }

    [GeneratedRegex(@"\*\*\*Statistics for: (?<exchange>\S+)\*\*\*\s+sent packets: (?<sent>\d+)\s+received packets: (?<received>\d+)")]
    private static partial Regex Count();
}
