using System.Diagnostics;
using System.Net;
using Migration.Packets;
using Migration.Packets.Dhcp;
using Migration.Packets.Ndp;

namespace Migration.Local.Bench;

/// <summary>
/// In-pod DHCP: the rule alone; then the rule behind sockets on a veth pair, answering a raw client in both families, in turns with dnsmasq
/// at the end of such a pair, so that both meet the same machine.
/// </summary>
public static class DhcpBench
{
    private const int Rounds = 7, Warm = 200, Sequential = 300, Window = 32;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(300);

    internal static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
        Addresses = [InterfaceAddress.Parse("10.244.1.5/24"), InterfaceAddress.Parse("fd00:10:244:1::5/64")],
        Gateway = IPAddress.Parse("10.244.1.1"),
        GatewayIpv6 = IPAddress.Parse("fd00:10:244:1::1"),
        NameServers = [IPAddress.Parse("10.96.0.10")],
        Domain = "default.svc.cluster.local",
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        HostName = "guest",
        Mtu = 1450,
    };

    internal static GuestResponder Responder() => new(Lease, DhcpServerIdentity.ForInterface(0), router: RouterIdentity.Through(MacAddress.Parse("0a:58:0a:f4:01:01")));

    public static Task<IReadOnlyList<BenchResult>> RunAsync(CancellationToken ct) =>
        // The measuring threads block: not on the pool's.
        Task.Factory.StartNew(() => Run(ct), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static IReadOnlyList<BenchResult> Run(CancellationToken ct)
    {
        var rule = MeasureRule(ct);
        using var ours = DhcpBenchWire.ToTheRule();
        using var theirs = Dnsmasq.IsInstalled ? DhcpBenchWire.ToDnsmasq() : null;
        if (theirs is null)
            Console.Error.WriteLine("bench dhcp: dnsmasq is not installed, so there is nothing to compare with: apt-get install dnsmasq-base");
        return
        [
            BenchResult.AtLeast("answers of the rule, one core", "1/s", 500_000, rule),
            .. Compare("DHCPv4", wire => wire.ClientV4, ours, theirs, ct),
            .. Compare("DHCPv6", wire => wire.ClientV6, ours, theirs, ct),
        ];
    }

    private static List<double> MeasureRule(CancellationToken ct)
    {
        var responder = Responder();
        var reply = new byte[GuestResponder.MaximumFrame];
        var discover = DhcpBenchClient.Discover();
        responder.Answer(discover, reply);
        byte[][] frames = [discover, DhcpBenchClient.RequestFor(reply)];
        var rates = new List<double>();
        // The first rounds are compiled while they run.
        for (var round = -3; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            var started = Stopwatch.GetTimestamp();
            var answers = 0;
            while (Stopwatch.GetElapsedTime(started) < RoundTime)
            {
                for (var i = 0; i < 1000; i++)
                    if (responder.Answer(frames[i & 1], reply).Length > 0) answers++;
            }
            if (round >= 0) rates.Add(answers / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return rates;
    }

    private static List<BenchResult> Compare(string family, Func<DhcpBenchWire, DhcpBenchClient> client, DhcpBenchWire ours, DhcpBenchWire? theirs, CancellationToken ct)
    {
        var (own, other) = (new Series(client(ours)), theirs is null ? null : new Series(client(theirs)));
        for (var round = 0; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            own.Measure();
            other?.Measure();
        }

        List<BenchResult> results =
        [
            BenchResult.AtMost($"{family}: four-way exchange through sockets", "ms", 0.1, own.Times),
            BenchResult.AtLeast($"{family}: four-way leases through sockets", "1/s", 20_000, own.Rates),
        ];
        if (other is null)
            return results;
        results.Add(BenchResult.Plain($"{family}: the same exchange, dnsmasq", "ms", other.Times));
        results.Add(BenchResult.Plain($"{family}: the same leases, dnsmasq", "1/s", other.Rates));
        results.Add(BenchResult.AtMost($"{family}: exchange, ours to dnsmasq's", "×", 1, own.Medians.Zip(other.Medians, (one, two) => one / two)));
        results.Add(BenchResult.AtLeast($"{family}: leases, ours to dnsmasq's", "×", 1, own.Rates.Zip(other.Rates, (one, two) => one / two)));
        return results;
    }

    /// <summary>What one client measured, round by round.</summary>
    private sealed class Series
    {
        private readonly DhcpBenchClient _client;

        public Series(DhcpBenchClient client)
        {
            _client = client;
            client.Learn();
            for (var i = 0; i < Warm; i++) client.Exchange((uint)i);
        }

        public List<double> Times { get; } = [];

        /// <summary>Of the times of each round.</summary>
        public List<double> Medians { get; } = [];

        public List<double> Rates { get; } = [];

        public void Measure()
        {
            var times = new List<double>();
            for (var i = 0; i < Sequential; i++)
            {
                var started = Stopwatch.GetTimestamp();
                _client.Exchange((uint)i);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            Times.AddRange(times);
            Medians.Add(times.Order().ElementAt(Sequential / 2));
            Rates.Add(_client.LeasesPerSecond(RoundTime, Window));
        }
    }
}
