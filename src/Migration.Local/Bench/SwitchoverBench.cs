using System.Net.Sockets;
using Migration.Local.Demo;
using Migration.Local.Traffic;

namespace Migration.Local.Bench;

/// <summary>
/// What a guest's network goes through while it moves: a series between two nodes, a series around three, one on a LAN that all nodes
/// share, and the same guest in raw QEMUs on one switch, all under the same traffic; then what an anchor costs.
/// </summary>
public static class SwitchoverBench
{
    private const int Rounds = 10, RawRounds = 5, BulkRounds = 1, PerSecond = 1000, FewPerSecond = 100;
    private const long GuestMemory = DemoManifests.MemoryMiB * 1024L * 1024;
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(1), BulkAround = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(CancellationToken ct)
    {
        var time = TimeProvider.System;
        await using var scene = await SwitchoverScene.StartAsync(time, ct);
        var raw = await RawAsync(scene, time, ct);
        var direct = await AtRestAsync(scene, time, ct);
        List<BenchResult> results = [.. raw.Figures(null)];
        results.AddRange((await PodNetworkAsync("two nodes", scene, nodes: 2, time, ct)).Figures(raw));
        results.AddRange((await PodNetworkAsync("three nodes", scene, nodes: 3, time, ct)).Figures(raw));
        results.AddRange((await LanAsync(scene, time, ct)).Figures(raw));
        results.AddRange(await BulkAsync(scene, upload: false, time, ct));
        results.AddRange(await BulkAsync(scene, upload: true, time, ct));
        await scene.MigrateAsync(scene.Nodes[1], ct);
        results.AddRange(AnchorCosts(direct, await AtRestAsync(scene, time, ct), await scene.AnchorMemoryAsync(ct)));
        return results;
    }

    private static async Task<Series> RawAsync(SwitchoverScene scene, TimeProvider time, CancellationToken ct)
    {
        using var lan = new RawLan(scene.Cluster.Paths.Name);
        await using var raw = await RawMigrations.StartAsync(lan, GuestMemory, time, ct);
        await using var traffic = await new SwitchoverTraffic(time).WithConversationAsync(lan.Space, lan.Guest, ct);
        traffic.WithDatagrams("UDP 1,000/s", lan.Space, lan.Guest, PerSecond);
        for (var round = 0; round < RawRounds; round++)
            await SwitchAsync(traffic, () => raw.MigrateAsync(ct), time, ct);
        // Counted here: the guest goes with its QEMU.
        return new Series("raw QEMU, one switch", traffic.Gaps, traffic.Stalls, Compared(await traffic.FinishAsync("raw QEMU, one switch")));
    }

    private static async Task<Series> PodNetworkAsync(string name, SwitchoverScene scene, int nodes, TimeProvider time, CancellationToken ct)
    {
        var (guest, ipv6) = (scene.Addresses[0], scene.Addresses[1]);
        await using var traffic = await new SwitchoverTraffic(time).WithConversationAsync(scene.FarPod, guest, ct);
        traffic.WithDatagrams("UDP 1,000/s, pod on the third node", scene.FarPod, guest, PerSecond)
            .WithDatagrams("UDP over IPv6, pod on the source node", scene.NearPod, ipv6, FewPerSecond)
            .WithPings("ping, pod on the third node", scene.FarPod, guest)
            .WithPings("ping, pod on the source node", scene.NearPod, guest)
            .WithPings("ping, the node itself", scene.Node, guest);
        for (var round = 1; round <= Rounds; round++)
            await SwitchAsync(traffic, () => scene.MigrateAsync(scene.Nodes[round % nodes], ct), time, ct);
        var series = new Series(name, traffic.Gaps, traffic.Stalls, await traffic.FinishAsync(name));
        await HomeAsync(scene, Rounds % nodes, ct);
        return series;
    }

    private static async Task<Series> LanAsync(SwitchoverScene scene, TimeProvider time, CancellationToken ct)
    {
        const string name = "LAN of all nodes";
        var (guest, ipv6) = (scene.Addresses[2], scene.Addresses[3]);
        await using var traffic = await new SwitchoverTraffic(time).WithConversationAsync(scene.Lan, guest, ct);
        traffic.WithDatagrams("UDP 1,000/s", scene.Lan, guest, PerSecond)
            .WithDatagrams("UDP over IPv6", scene.Lan, ipv6, FewPerSecond)
            .WithPings("ping", scene.Lan, guest);
        for (var round = 1; round <= Rounds; round++)
            await SwitchAsync(traffic, () => scene.MigrateAsync(scene.Nodes[round % 2], ct), time, ct);
        return new Series(name, traffic.Gaps, traffic.Stalls, await traffic.FinishAsync(name));
    }

    /// <summary>The guest is where it was started, for the next series.</summary>
    private static Task HomeAsync(SwitchoverScene scene, int node, CancellationToken ct) =>
        node == 0 ? Task.CompletedTask : scene.MigrateAsync(scene.Nodes[0], ct);

    private static async Task SwitchAsync(SwitchoverTraffic traffic, Func<Task> migrate, TimeProvider time, CancellationToken ct)
    {
        await Task.Delay(Around, time, ct);
        traffic.Begin();
        await migrate();
        await Task.Delay(Around, time, ct);
        traffic.End();
    }

    private static async Task<IReadOnlyList<BenchResult>> BulkAsync(SwitchoverScene scene, bool upload, TimeProvider time, CancellationToken ct)
    {
        var name = upload ? "bulk upload" : "bulk download";
        var socket = scene.FarPod.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var stream = await BulkStream.ConnectAsync(socket, scene.Addresses[0], upload, ct);
        var (recoveries, rates) = (new List<double>(), new List<double>());
        // There and back.
        for (var round = 1; round <= 2 * BulkRounds; round++)
        {
            await Task.Delay(BulkAround, time, ct);
            var from = stream.Now;
            rates.Add(stream.Rate(from - 20, from));
            await scene.MigrateAsync(scene.Nodes[round % 2], ct);
            await Task.Delay(BulkAround, time, ct);
            recoveries.Add((stream.Recovery(from, stream.Now) ?? (stream.Now - from) * BulkStream.Slice).TotalMilliseconds);
        }

        return
        [
            BenchResult.Plain($"{name}: throughput before", "MB/s", rates),
            BenchResult.AtMost($"{name}: broken", "", 0, [stream.Broken ? 1 : 0]),
            BenchResult.AtMost($"{name}: throughput is back within", "ms", 500, recoveries),
            BenchResult.Plain($"{name}: retransmissions", "", [stream.Retransmissions]),
        ];
    }

    /// <summary>Round trip and throughput of a guest that stays where it is.</summary>
    private static async Task<(double RoundTrip, double Rate)> AtRestAsync(SwitchoverScene scene, TimeProvider time, CancellationToken ct)
    {
        double roundTrip;
        await using (var traffic = await new SwitchoverTraffic(time).WithConversationAsync(scene.FarPod, scene.Addresses[0], ct))
            roundTrip = await traffic.RoundTripAsync(ct);
        var socket = scene.FarPod.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var stream = await BulkStream.ConnectAsync(socket, scene.Addresses[0], upload: false, ct);
        await Task.Delay(BulkAround, time, ct);
        return (roundTrip, stream.Rate(0, stream.Now));
    }

    private static IEnumerable<BenchResult> AnchorCosts((double RoundTrip, double Rate) direct, (double RoundTrip, double Rate) stretched, IReadOnlyList<double> memory)
    {
        yield return BenchResult.AtMost("anchor: resident memory of its pod", "MiB", 12, memory);
        yield return BenchResult.Plain("round trip, guest at home", "ms", [direct.RoundTrip]);
        yield return BenchResult.Plain("round trip, by a stretch", "ms", [stretched.RoundTrip]);
        yield return BenchResult.Plain("download, guest at home", "MB/s", [direct.Rate]);
        yield return BenchResult.Plain("download, by a stretch", "MB/s", [stretched.Rate]);
    }

    /// <summary>Others' figures have no targets of ours.</summary>
    private static IReadOnlyList<BenchResult> Compared(IReadOnlyList<BenchResult> results) => [.. results.Select(result => result with { Target = null, Ok = null })];

    private sealed record Series(string Name, IReadOnlyList<double> Gaps, IReadOnlyList<double> Stalls, IReadOnlyList<BenchResult> Counts)
    {
        /// <param name="raw">What to be at least as good as.</param>
        public IReadOnlyList<BenchResult> Figures(Series? raw) =>
        [
            .. Counts,
            raw is null ? BenchResult.Plain($"{Name}: longest gap", "ms", Gaps) : BenchResult.AtMost($"{Name}: longest gap", "ms", Median(raw.Gaps), Gaps),
            raw is null ? BenchResult.Plain($"{Name}: longest TCP stall", "ms", Stalls) : BenchResult.AtMost($"{Name}: longest TCP stall", "ms", Median(raw.Stalls), Stalls),
        ];

        private static double Median(IReadOnlyList<double> values) => BenchResult.Plain("", "", values).Value;
    }
}
