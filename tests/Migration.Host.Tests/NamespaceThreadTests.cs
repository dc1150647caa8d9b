using System.Diagnostics;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Host.Tests;

[Collection(nameof(AloneCollection))]
public sealed class NamespaceThreadTests
{
    /// <summary>
    /// However busy the pool is, and whatever is done in namespaces meanwhile, no thread stays behind in one.
    /// The runtime's tiering worker alone may be passing through (see the remarks on <see cref="NetworkNamespace"/>); it is told by its name.
    /// </summary>
    [Fact]
    public async Task Thousands_of_entries_under_load_leave_every_thread_at_home()
    {
        const int Workers = 16, Rounds = 100;
        using var space = NetworkNamespace.CreateAnonymous();
        using var own = NetworkNamespace.Current();
        using var stop = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => KeepPoolBusy(stop.Token)));

        var workers = Enumerable.Range(0, Workers).Select(_ => Task.Run(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                using var route = RouteClient.Open(space);
                Assert.Equal("lo", route.GetLink(1).Name);
                space.Run(() => File.Exists("/proc/thread-self/ns/net"));
            }
        }));
        await Task.WhenAll(workers);
        var strangers = LastingThreadsElsewhere(own);
        await stop.CancelAsync();
        await load;

        Assert.Empty(strangers);
    }

    /// <summary>The hazard itself, and the proof that the test above would see it.</summary>
    [Fact]
    public void A_thread_born_inside_would_stay_there()
    {
        using var space = NetworkNamespace.CreateAnonymous();
        using var own = NetworkNamespace.Current();
        using var seen = new ManualResetEventSlim();
        var stranger = space.Run(() =>
        {
            var thread = new Thread(seen.Wait) { Name = "stranger", IsBackground = true };
            thread.Start();
            return thread;
        });

        Assert.Contains(ThreadsElsewhere(own), thread => thread.Name == "stranger");
        seen.Set();
        stranger.Join();
    }

    private static async Task KeepPoolBusy(CancellationToken ct)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen();
        while (!ct.IsCancellationRequested)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(listener.LocalEndPoint!, CancellationToken.None);
            using var server = await listener.AcceptAsync(CancellationToken.None);
            await Task.WhenAll(Task.Run(() => client.Send("x"u8)), server.ReceiveAsync(new byte[1], CancellationToken.None).AsTask());
            client.LingerState = new LingerOption(true, 0);
        }
    }

    /// <summary>Without the threads that entered by <see cref="NetworkNamespace.Run{T}"/> and are just about to be gone from /proc.</summary>
    private static List<(string Name, string Task)> LastingThreadsElsewhere(NetworkNamespace own)
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            var strangers = ThreadsElsewhere(own).FindAll(thread => !thread.Name.StartsWith(".NET Tiered", StringComparison.Ordinal));
            if (strangers.All(thread => thread.Name != "namespace") || deadline.Elapsed > TimeSpan.FromSeconds(30))
                return strangers;
            Thread.Yield();
        }
    }

    private static List<(string Name, string Task)> ThreadsElsewhere(NetworkNamespace own)
    {
        var elsewhere = new List<(string, string)>();
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                using var space = NetworkNamespace.Open(Path.Combine(task, "ns/net"));
                if (!space.IsSameAs(own))
                    elsewhere.Add((File.ReadAllText(Path.Combine(task, "comm")).Trim(), task));
            }
            catch (IOException)
            {
                // The thread has ended meanwhile.
            }
        }

        return elsewhere;
    }
}
