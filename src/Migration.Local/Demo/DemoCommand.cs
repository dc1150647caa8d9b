using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Local.Traffic;

namespace Migration.Local.Demo;

/// <summary><c>migration demo</c>: a cluster, a guest, a peer that talks to it, and one migration by kubectl under that traffic.</summary>
public static class DemoCommand
{
    private const int EchoPort = 7;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan TrafficAround = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(bool json, string accelerator, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var view = new DemoView(silent: json);
        using var logging = LoggerFactory.Create(builder => builder.AddFilter(level => level >= LogLevel.Error).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        view.Step("starting the cluster: API server, two nodes, controllers");
        await using var cluster = await EmbeddedCluster.StartAsync(new ClusterOptions("demo") { Accelerator = accelerator }, logging, time, ct);
        var report = await RunAsync(cluster, view, time, ct);
        view.Report(report);
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(report, DemoJson.Default.DemoReport));
        return report.Result == MigrationJobPhase.Succeeded ? 0 : 1;
    }

    /// <summary>The demo on a cluster that runs; also what tests and benches measure.</summary>
    internal static async Task<DemoReport> RunAsync(EmbeddedCluster cluster, DemoView view, TimeProvider time, CancellationToken ct)
    {
        var kubectl = new Kubectl(cluster.Paths.Kubeconfig);
        view.Step("kubectl apply: a network, a guest on it and on the pod network, and a peer");
        await kubectl.SendAsync("apply", DemoManifests.Lan(cluster.Paths.LanAddresses), ct);
        await kubectl.SendAsync("apply", DemoManifests.Guest(DemoManifests.LanName), ct);
        await kubectl.SendAsync("apply", DemoManifests.Peer, ct);
        var guest = await GuestWithAddressAsync(cluster, time, ct);
        var peer = await RunningPeerAsync(cluster, time, ct);
        var address = IPAddress.Parse(guest.Status!.Interfaces![0].IpAddress!);
        view.Step($"the guest runs on {guest.Status.NodeName} and got by DHCP {string.Join(", ", guest.Status.Interfaces.SelectMany(AddressesOf))}");

        using var space = NetworkNamespace.Open(cluster.PodNetworkNamespace(peer.Metadata.Uid!)!);
        await using var echo = await TalkAsync(space, address, time, ct);
        await using var pings = Ping(space, address, time);
        using var fabric = NetworkNamespace.Open(cluster.Paths.FabricNamespace);
        await using var lanPings = Ping(fabric, IPAddress.Parse(guest.Status.Interfaces[1].IpAddress!), time);
        view.Step("the peer pings it every 5 ms and talks to it over TCP, a neighbour on the LAN pings its second NIC");
        await Task.Delay(TrafficAround, time, ct);

        view.Step("kubectl create: a VirtualMachineInstanceMigration");
        var created = Stopwatch.GetTimestamp();
        await kubectl.SendAsync("create", DemoManifests.Migration, ct);
        var migration = await view.BarAsync(show => EndedMigrationAsync(cluster, show, time, ct));
        var createToSucceeded = Stopwatch.GetElapsedTime(created);
        await Task.Delay(TrafficAround, time, ct);
        var after = await cluster.Client.For(Instances).GetAsync(KeyOf(DemoManifests.GuestName), ct);
        var status = migration.Status!;
        return new DemoReport
        {
            Result = status.Phase!,
            Reason = status.MigrationState?.FailureReason,
            SourceNode = status.MigrationState?.SourceNode,
            TargetNode = status.MigrationState?.TargetNode,
            MemoryMiB = DemoManifests.MemoryMiB,
            TotalMs = Milliseconds(status.Progress?.TotalTime),
            StoppedMs = Milliseconds(status.Progress?.Downtime),
            CreateToSucceededMs = createToSucceeded.TotalMilliseconds,
            TransferredBytes = status.Progress?.TransferredBytes ?? 0,
            Iterations = status.Progress?.Iteration ?? 0,
            Encrypted = status.Progress?.Encrypted == true,
            GuestAddress = new GuestAddress(address.ToString(), after.Status?.Interfaces?.FirstOrDefault()?.IpAddress),
            Tcp = await echo.StopAsync(LastAnswers),
            Interfaces = [.. guest.Status.Interfaces.Select(nic => new GuestNic(nic.Name ?? "", nic.Mac, AddressesOf(nic), AddressesOf(after.Status?.Interfaces?.FirstOrDefault(other => other.Name == nic.Name))))],
            Packets = await pings.StopAsync(LastAnswers),
            LanPackets = await lanPings.StopAsync(LastAnswers),
        };
    }

    private static PingStream Ping(NetworkNamespace from, IPAddress address, TimeProvider time) =>
        new(from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp)), address, TimeSpan.FromMilliseconds(5), time);

    private static IReadOnlyList<string> AddressesOf(InterfaceObservation? nic) => nic?.IpAddresses ?? [];

    /// <summary>The guest's echo server may start a moment after its address is there.</summary>
    private static async Task<EchoStream> TalkAsync(NetworkNamespace space, IPAddress guest, TimeProvider time, CancellationToken ct)
    {
        return await Eventually.Async($"the guest's echo service at {guest}:{EchoPort} answers", Patience, time, async limit =>
        {
            var socket = space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            try
            {
                return await EchoStream.ConnectAsync(socket, new IPEndPoint(guest, EchoPort), time, limit);
            }
            catch (SocketException)
            {
                socket.Dispose();
                return null;
            }
        }, ct);
    }

    private static Task<VirtualMachineInstance> GuestWithAddressAsync(EmbeddedCluster cluster, TimeProvider time, CancellationToken ct) =>
        Eventually.Async("the guest runs and has its address", Patience, time, async limit =>
        {
            var guest = await cluster.Client.For(Instances).GetAsync(KeyOf(DemoManifests.GuestName), limit);
            if (guest.Status?.Phase is "Failed" or "Succeeded")
                throw new InvalidOperationException($"the guest ended: {guest.Status.Phase} {guest.Status.Reason}");
            return guest.Status is { Phase: "Running", Interfaces: [{ IpAddresses.Count: 2 }, { IpAddresses.Count: 2 }] } ? guest : null;
        }, ct);

    private static Task<Pod> RunningPeerAsync(EmbeddedCluster cluster, TimeProvider time, CancellationToken ct) =>
        Eventually.Async("the peer runs", Patience, time, async limit =>
        {
            var peer = await cluster.Client.For(Kinds.Pods).GetAsync(KeyOf(DemoManifests.PeerName), limit);
            return peer.Status?.Phase == "Running" ? peer : null;
        }, ct);

    private static Task<VirtualMachineInstanceMigration> EndedMigrationAsync(
        EmbeddedCluster cluster, Action<string, MigrationJobProgress?> show, TimeProvider time, CancellationToken ct) =>
        Eventually.Async("the migration ends", Patience, time, async limit =>
        {
            var migration = await cluster.Client.For(Migrations).GetAsync(KeyOf(DemoManifests.MigrationName), limit);
            var phase = migration.Status?.Phase ?? MigrationJobPhase.Pending;
            show(phase, migration.Status?.Progress);
            return phase is MigrationJobPhase.Succeeded or MigrationJobPhase.Failed ? migration : null;
        }, ct);

    private static ResourceKind<VirtualMachineInstance> Instances => KubeVirt.Instances;
    private static ResourceKind<VirtualMachineInstanceMigration> Migrations => KubeVirt.Migrations;

    private static ObjectKey KeyOf(string name) => new("default", name);

    private static double Milliseconds(string? duration) =>
        duration is not null && GoDuration.TryParse(duration, out var parsed) ? parsed.TotalMilliseconds : 0;
}
