using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Migration.Kubernetes;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Local.Demo;
using Migration.Local.Traffic;

namespace Migration.EndToEnd.Tests.Pods;

/// <summary>A Service in front of a guest leads to it before, during and after it moves: old connections go on, new ones are made all the time.</summary>
[Collection(nameof(PodsCollection))]
public sealed class ServiceMigrationTests(PodsCluster cluster)
{
    private const int EchoPort = 7;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_behind_a_service_is_reached_while_it_moves_there_and_back()
    {
        var space = await cluster.NewSpaceAsync();
        await space.ApplyAsync(DemoManifests.Guest().Replace($"  name: {DemoManifests.GuestName}\nspec:", $"  name: {DemoManifests.GuestName}\n  labels: {{app: guest}}\nspec:", StringComparison.Ordinal));
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: {name: guest}
            spec:
              selector: {app: guest}
              ports: [{port: 4000, targetPort: 7}]
            """);
        await space.ApplyAsync(DemoManifests.Peer);
        await space.WaitAsync("pod/peer", "condition=Ready");
        var service = new IPEndPoint(IPAddress.Parse(await space.RunAsync("get", "service", "guest", "-o", "jsonpath={.spec.clusterIP}")), 4000);
        var home = await space.UntilAsync("the guest has an address", text => text.Length > 0, "get", "vmi", DemoManifests.GuestName, "-o", "jsonpath={.status.interfaces[0].ipAddress}");
        var peer = await space.RunAsync("get", "pod", "peer", "-o", "jsonpath={.metadata.uid}");
        using var from = NetworkNamespace.Open(cluster.Cluster.PodNetworkNamespace(peer)!);

        await using var conversation = await Eventually.Async("the guest answers by its service", PodsCluster.Patience, TimeProvider.System, limit => TryTalkAsync(from, service, limit), Ct);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var problems = new ConcurrentQueue<string>();
        var callers = Task.WhenAll(CallAgainAndAgainAsync(from, service, problems, ending.Token), WatchEndpointsAsync(space, home, problems, ending.Token));
        foreach (var name in new[] { "there", "back" })
        {
            await space.ApplyAsync(DemoManifests.Migration.Replace($"name: {DemoManifests.MigrationName}", $"name: {name}", StringComparison.Ordinal));
            Assert.Equal("Succeeded", await space.UntilAsync($"the migration {name} ends", phase => phase is "Succeeded" or "Failed", "get", "vmim", name, "-o", "jsonpath={.status.phase}"));
            var answered = conversation.RoundTrips;
            await Eventually.UntilAsync("the guest answers after it moved", PodsCluster.Patience, TimeProvider.System, _ => Task.FromResult(conversation.RoundTrips > answered + 20), Ct);
        }

        await ending.CancelAsync();
        await callers;
        Assert.Empty(problems);
        Assert.False((await conversation.StopAsync(TimeSpan.FromSeconds(30))).Broken);
        await space.RunAsync("delete", "vmi", DemoManifests.GuestName, "--timeout=50s");
        await space.UntilAsync("nothing is behind the service any more", text => text.Length == 0, "get", "endpointslices", "-l", "kubernetes.io/service-name=guest", "-o", "jsonpath={.items[*].endpoints[*].addresses}");
    }

    private static async Task<EchoStream?> TryTalkAsync(NetworkNamespace from, IPEndPoint service, CancellationToken ct)
    {
        var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            return await EchoStream.ConnectAsync(socket, service, TimeProvider.System, ct);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Connects, asks, hears and leaves, until told to stop; whatever goes wrong is a problem.</summary>
    private static async Task CallAgainAndAgainAsync(NetworkNamespace from, IPEndPoint service, ConcurrentQueue<string> problems, CancellationToken ct)
    {
        var answer = new byte[4];
        for (var call = 1; !ct.IsCancellationRequested; call++)
        {
            try
            {
                using var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await socket.ConnectAsync(service, ct).AsTask().WaitAsync(PodsCluster.Patience, ct);
                await socket.SendAsync("ping"u8.ToArray(), ct);
                await socket.ReceiveAsync(answer, ct).AsTask().WaitAsync(PodsCluster.Patience, ct);
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, ct);
            }
            catch (Exception failed) when (failed is SocketException or TimeoutException)
            {
                problems.Enqueue($"call {call}: {failed.Message}");
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The service leads to the guest's own address all the time, and nowhere else.</summary>
    private async Task WatchEndpointsAsync(KubectlSpace space, string home, ConcurrentQueue<string> problems, CancellationToken ct)
    {
        var slices = cluster.Cluster.Client.For(Kinds.EndpointSlices);
        try
        {
            while (true)
            {
                var ready = (await slices.ListAsync(ListOptions.All with { Namespace = space.Name, LabelSelector = "kubernetes.io/service-name=guest" }, ct))
                    .SelectMany(slice => slice.Endpoints ?? []).Where(endpoint => endpoint.Conditions?.Ready == true).Select(endpoint => endpoint.Addresses![0]).ToList();
                if (ready is not [var only] || only != home)
                    problems.Enqueue($"the service leads to [{string.Join(' ', ready)}], not to {home}");
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // That was it.
        }
    }
}
