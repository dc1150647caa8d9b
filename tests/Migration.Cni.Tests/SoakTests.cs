using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Migration.Netlink;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Cni.Tests;

/// <summary>Pods come and go, many at a time, while the node service is killed and started again under them.</summary>
public sealed class SoakTests
{
    private const int Pairs = 500, AtOnce = 16, Kills = 10, Seed = 4711;

    [Fact]
    public async Task Five_hundred_pods_and_ten_kills_leave_nothing_and_no_answer_was_wrong()
    {
        await using var lab = await NodeLab.StartAsync();
        var places = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(number => Place.CreateAsync(lab.A, number)));
        try
        {
            var wrong = new ConcurrentQueue<string>();
            var progress = new Progress();
            var killing = KillAsync(lab.A, progress);
            await Task.WhenAll(places.Select(place => place.LiveAsync(progress, wrong)));
            await killing;

            Assert.True(wrong.IsEmpty, $"{string.Join('\n', wrong.Take(10))}\n{lab.A.Log}");
            await lab.A.EventuallyAsync(async () => await LeftAsync(lab.A, places) is "", "nothing is left", () => LeftAsync(lab.A, places).Result);
        }
        finally
        {
            foreach (var place in places)
                place.Dispose();
        }
    }

    // By what is done and not by the clock: a slow machine is killed as often, and as far apart.
    private static async Task KillAsync(LabNode node, Progress progress)
    {
        for (var kill = 1; kill <= Kills; kill++)
        {
            await progress.ReachAsync(kill * Pairs / (Kills + 1));
            await node.RestartAsync();
        }
    }

    /// <summary>What is there that should not be; empty for nothing.</summary>
    private static async Task<string> LeftAsync(LabNode node, Place[] places)
    {
        var left = new List<string>();
        left.AddRange((await node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Select(one => $"attachment {one.Key}"));
        var journal = Path.Combine(node.Folder, "journal");
        left.AddRange(Directory.EnumerateFiles(Path.Combine(node.State, "attachments")));
        left.AddRange(Directory.Exists(journal) ? Directory.EnumerateFiles(journal) : []);
        // setpriv and nsenter have become the service.
        left.AddRange(Directory.EnumerateFiles($"/proc/{node.Process!.Id}/fd").Select(file => new FileInfo(file).LinkTarget ?? "").Where(target => target.StartsWith("net:", StringComparison.Ordinal)));
        foreach (var place in places)
            left.AddRange(await place.LeftAsync());
        return string.Join(", ", left);
    }

    /// <summary>How many pairs are done.</summary>
    private sealed class Progress
    {
        private readonly SortedDictionary<int, TaskCompletionSource> _waiting = [];
        private readonly Lock _gate = new(); // protects all of it
        private int _begun, _done;

        public bool TryBegin() => Interlocked.Increment(ref _begun) <= Pairs;

        public void Done()
        {
            lock (_gate)
            {
                _done++;
                if (_waiting.Remove(_done, out var reached))
                    reached.SetResult();
            }
        }

        public Task ReachAsync(int count)
        {
            lock (_gate)
            {
                if (_done >= count)
                    return Task.CompletedTask;
                return (_waiting[count] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    /// <summary>One namespace with a NIC, in which pod after pod is attached, each under a container id of its own.</summary>
    private sealed class Place : IDisposable
    {
        private const string Nic = "eth0", Tap = "tap0";

        private readonly LabNode _node;
        private readonly int _number;
        private readonly TestNamespace _space;
        private readonly Random _random;

        private Place(LabNode node, int number, TestNamespace space) => (_node, _number, _space, _random) = (node, number, space, new Random(Seed + number));

        public static async Task<Place> CreateAsync(LabNode node, int number)
        {
            var space = TestNamespace.Create($"soak{number}");
            await node.Namespace.IpAsync($"link add h{number} type veth peer name {Nic} netns {space.Name}");
            await space.IpAsync($"addr add 10.70.{number}.2/24 dev {Nic}");
            await space.IpAsync($"link set {Nic} up");
            return new Place(node, number, space);
        }

        public async Task LiveAsync(Progress progress, ConcurrentQueue<string> wrong)
        {
            for (var pod = 0; progress.TryBegin(); pod++)
            {
                try
                {
                    await LiveAsync($"c{_number}-{pod}");
                }
                catch (Exception failure)
                {
                    wrong.Enqueue($"pod {pod} of {_number}: {failure.Message}");
                }

                progress.Done();
            }
        }

        public async Task<IEnumerable<string>> LeftAsync()
        {
            var links = (await _space.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()!);
            var qdiscs = (await _space.TcJsonAsync($"qdisc show dev {Nic}")).EnumerateArray().Select(qdisc => qdisc.GetProperty("kind").GetString()!);
            return links.Where(link => link is not ("lo" or Nic)).Concat(qdiscs.Where(kind => kind == "clsact")).Select(what => $"{what} in {_space.Name}");
        }

        public void Dispose() => _space.Dispose();

        private async Task LiveAsync(string container)
        {
            var added = await ExecuteAsync("ADD", container);
            Require(added.ExitCode == 0 || IsForLater(added), "ADD", added);
            if (added.ExitCode == 0)
            {
                Require(JsonNode.DeepEquals(added.Json, Result()), "the result of ADD", added);
                Require(IsAttached(), "a successful ADD attached nothing", added);
                await DoSomethingAsync(container);
                Require(IsAttached(), "it was attached, and is not before its DEL", added);
            }

            for (var times = _random.Next(4) == 0 ? 2 : 1; times > 0; times--)
            {
                var deleted = await ExecuteAsync("DEL", container);
                Require(deleted is { ExitCode: 0, Output: "" }, "DEL", deleted);
            }
        }

        private async Task DoSomethingAsync(string container)
        {
            var command = _random.Next(6) switch { 0 => "ADD", 1 => "CHECK", _ => "" };
            if (command.Length == 0)
                return;
            var done = await ExecuteAsync(command, container);
            Require(done.ExitCode == 0 || IsForLater(done), command, done);
        }

        // What the transport reports of a node that dies in the middle of an answer is 100 and its gRPC status.
        private static bool IsForLater(PluginProgram.Outcome outcome) => outcome.Code is 11 or 114;

        private static void Require(bool holds, string what, PluginProgram.Outcome outcome)
        {
            if (!holds)
                throw new InvalidOperationException($"{what}: {outcome}");
        }

        // By the kernel's word, also while no node service runs.
        private bool IsAttached()
        {
            using var route = RouteClient.Open(_space.Space);
            return route.FindLink(Tap) is { } tap && route.FindLink(Nic) is { } nic
                && route.GetFilters(nic.Index, TrafficHook.Ingress).Any(filter => filter.Action?.TargetIndex == tap.Index)
                && route.GetFilters(tap.Index, TrafficHook.Ingress).Any(filter => filter.Action?.TargetIndex == nic.Index);
        }

        private Task<PluginProgram.Outcome> ExecuteAsync(string command, string container) => PluginProgram.RunAsync(
            new Dictionary<string, string>
            {
                ["CNI_COMMAND"] = command, ["CNI_CONTAINERID"] = container, ["CNI_NETNS"] = _space.Path, ["CNI_IFNAME"] = Nic, ["CNI_PATH"] = "/opt/cni/bin",
                ["CNI_ARGS"] = $"K8S_POD_NAMESPACE=default;K8S_POD_NAME=virt-launcher-{container};K8S_POD_UID={container}",
            },
            new JsonObject
            {
                ["cniVersion"] = "1.0.0", ["name"] = "soak", ["type"] = "migration-cni", ["nodeSocket"] = _node.Socket, ["timeoutSeconds"] = 30, ["prevResult"] = Result(),
                ["runtimeConfig"] = new JsonObject { ["io.kubernetes.cri.pod-annotations"] = new JsonObject { ["migration.internal/interface"] = """{"name":"default"}""" } },
            }.ToJsonString());

        private JsonObject Result() => new() { ["cniVersion"] = "1.0.0", ["ips"] = new JsonArray(new JsonObject { ["address"] = $"10.70.{_number}.2/24" }) };
    }
}
