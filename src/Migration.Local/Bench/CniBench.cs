using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Protos;

namespace Migration.Local.Bench;

/// <summary>
/// The CNI plugin: what it is, and what it adds to a chain. The reference bridge alone, with a pod of no machine and with a machine's
/// pod are run in turn, each in a fresh namespace. What is added is the time of our own two processes; what the chain takes as a whole
/// stands beside the reference alone, because the kernel's grace periods make that one differ by more than we add.
/// </summary>
public static class CniBench
{
    private const int Rounds = 25, Warm = 3, StartUps = 30;
    private const string VirtualMachine = "virt-launcher-bench-x7k2p", Other = "web-5d9c7";

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(CancellationToken ct)
    {
        await using var place = new Place();
        // Processes are started and waited for by a thread that does nothing else.
        return await Task.Factory.StartNew(() => Measure(place, ct), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static IReadOnlyList<BenchResult> Measure(Place place, CancellationToken ct)
    {
        double[] startUps = [.. Enumerable.Range(0, StartUps).Select(_ => place.TimeVersion())];
        List<Chain> alone = [], other = [], machine = [];
        List<double> node = [], delegated = [];
        for (var round = -Warm; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            var (a, b, c, d, e) = (place.TimeChain(pod: null), place.TimeChain(Other), place.TimeChain(VirtualMachine), place.TimeNode(), place.TimeNode(delegates: 1));
            if (round < 0) continue;
            alone.Add(a);
            other.Add(b);
            machine.Add(c);
            node.Add(d);
            delegated.Add(e);
        }
        var alike = BenchResult.Plain("the node's part: Attach and prompt Detach, called directly", "ms", node);
        var reference = BenchResult.Plain("reference bridge alone, ADD and DEL", "ms", alone.Select(chain => chain.Total));
        return
        [
            BenchResult.AtMost("size", "MB", 12, [new FileInfo(Place.Plugin).Length / 1e6]),
            BenchResult.Plain("start-up (VERSION)", "ms", startUps),
            BenchResult.AtMost("peak RSS, a machine's ADD", "MB", 16, Enumerable.Range(0, 5).Select(_ => place.PeakMemory() / 1e6)),
            reference,
            alike,
            BenchResult.AtMost("added for another pod, ADD and DEL", "ms", 4, other.Select(chain => chain.Own)),
            BenchResult.AtMost("added for a machine's pod, ADD and DEL", "ms", 15, machine.Select(chain => chain.Own)),
            BenchResult.Plain("chain for another pod / reference alone", "", other.Select(chain => chain.Total / reference.Value)),
            BenchResult.Plain("chain for a machine's pod / reference alone", "", machine.Select(chain => chain.Total / reference.Value)),
            BenchResult.AtMost("added by one more bridge network, made by the node itself, ADD and DEL", "ms", 60, delegated.Select(time => time - alike.Value)),
        ];
    }

    /// <summary>One chain's ADD and DEL in milliseconds: all of it, and our plugin's two processes in it.</summary>
    private readonly record struct Chain(double Total, double Own);

    /// <summary>A node in a namespace of its own, with the real node service, and the chain of plugins on it.</summary>
    private sealed class Place : IAsyncDisposable
    {
        private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20), StopLimit = TimeSpan.FromSeconds(10);

        // In memory, as /run is on a real node, whatever /run is here.
        private readonly string _folder = Directory.CreateDirectory($"/dev/shm/migration-bench-{Environment.ProcessId}").FullName;
        private readonly NetworkNamespace _host;
        private readonly StartedProgram _service;
        private readonly GrpcChannel _channel;
        private readonly JsonObject _bridge, _binding;
        private int _pods;

        public Place()
        {
            _host = NetworkNamespace.Create(NamespacePath("host"));
            _service = StartedProgram.Start(new ProgramStart(
                Installation.Program("migration-node"),
                ["--name", "bench", "--socket", Socket, "--state", Path.Combine(_folder, "state"), "--kubelet-root", Path.Combine(_folder, "kubelet"), "--cni-bin-dir", string.Join(':', Installation.CniPlugins)],
                Path.Combine(_folder, "node.log"), NamespacePath("host")));
            _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = UnixSocketTransport.CreateHandler(Socket) });
            WaitForService();
            _binding = new JsonObject { ["type"] = "migration-cni", ["nodeSocket"] = Socket };
            _bridge = new JsonObject
            {
                ["type"] = "bridge",
                ["bridge"] = "cni0",
                ["isGateway"] = true,
                ["ipam"] = new JsonObject
                {
                    ["type"] = "host-local",
                    ["dataDir"] = Path.Combine(_folder, "addresses"),
                    ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = "10.244.0.0/16" })),
                },
            };
        }

        public static string Plugin { get; } = Installation.Program("migration-cni");

        private string Socket => Path.Combine(_folder, "node.sock");

        public double TimeVersion()
        {
            var started = Stopwatch.GetTimestamp();
            Execute(Plugin, [], "VERSION", Other, "bench", "/proc/self/ns/net", """{"cniVersion":"1.0.0"}""");
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        /// <summary>ADD and DEL of the whole chain for a pod; without our plugin when there is no name.</summary>
        public Chain TimeChain(string? pod)
        {
            var id = $"pod{++_pods}";
            using var space = NetworkNamespace.Create(NamespacePath(id));
            var isMachine = pod == VirtualMachine;
            if (isMachine) Plan(id);
            try
            {
                var started = Stopwatch.GetTimestamp();
                var result = Execute("ADD", _bridge, pod ?? Other, id, previous: null);
                var own = Stopwatch.GetTimestamp();
                if (pod is not null) result = Execute("ADD", _binding, pod, id, result);
                if (pod is not null) Execute("DEL", _binding, pod, id, result);
                var ownEnded = Stopwatch.GetTimestamp();
                Execute("DEL", _bridge, pod ?? Other, id, result);
                return new Chain(Stopwatch.GetElapsedTime(started).TotalMilliseconds, Stopwatch.GetElapsedTime(own, ownEnded).TotalMilliseconds);
            }
            finally
            {
                if (isMachine) Machines.DeleteMachine(new DeleteMachineRequest { Id = id });
                NetworkNamespace.Delete(NamespacePath(id));
            }
        }

        /// <summary>Attach and Detach as the plugin asks for them, without the plugin, in milliseconds.</summary>
        public double TimeNode(int delegates = 0)
        {
            var id = $"pod{++_pods}";
            using var space = NetworkNamespace.Create(NamespacePath(id));
            Plan(id, delegates);
            try
            {
                var result = Execute("ADD", _bridge, VirtualMachine, id, previous: null);
                var networks = new Networks.NetworksClient(_channel);
                var key = new AttachmentKey { Network = "pods", ContainerId = id, InterfaceName = "eth0" };
                var pod = new PodIdentity { Namespace = "default", Name = VirtualMachine, Uid = id };
                var started = Stopwatch.GetTimestamp();
                networks.Attach(new AttachRequest { Key = key, Pod = pod, NamespacePath = NamespacePath(id) });
                networks.Detach(new DetachRequest { Key = key, NamespacePath = NamespacePath(id), Promptly = true });
                var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                Execute("DEL", _bridge, VirtualMachine, id, result);
                return took;
            }
            finally
            {
                Machines.DeleteMachine(new DeleteMachineRequest { Id = id });
                NetworkNamespace.Delete(NamespacePath(id));
            }
        }

        /// <summary>
        /// The plugin's high-water mark at the end of ADD: its result is longer than a pipe holds, so that it waits in its last act until
        /// somebody reads. The padding counts against it.
        /// </summary>
        public double PeakMemory()
        {
            var id = $"pod{++_pods}";
            using var space = NetworkNamespace.Create(NamespacePath(id));
            Plan(id);
            try
            {
                var result = JsonNode.Parse(Execute("ADD", _bridge, VirtualMachine, id, previous: null)!)!.AsObject();
                var padded = result.DeepClone();
                padded["padding"] = new string('x', 100_000);
                var input = Input(_binding, padded.ToJsonString());
                using var process = Start(Plugin, [], "ADD", VirtualMachine, id, NamespacePath(id));
                process.StandardInput.Write(input);
                process.StandardInput.Close();
                process.StandardOutput.BaseStream.ReadByte();
                var peak = HighWaterMark(process.Id);
                process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                Execute("DEL", _binding, VirtualMachine, id, result.ToJsonString());
                Execute("DEL", _bridge, VirtualMachine, id, result.ToJsonString());
                return peak;
            }
            finally
            {
                Machines.DeleteMachine(new DeleteMachineRequest { Id = id });
                NetworkNamespace.Delete(NamespacePath(id));
            }
        }

        public async ValueTask DisposeAsync()
        {
            _channel.Dispose();
            await _service.StopAsync(StopLimit, TimeProvider.System);
            _service.Dispose();
            _host.Dispose();
            NetworkNamespace.Delete(NamespacePath("host"));
            Directory.Delete(_folder, recursive: true);
        }

        private Machines.MachinesClient Machines => new(_channel);

        // '.' and the process's number: `migration down` of a cluster of that name removes what a killed run left.
        private static string NamespacePath(string name) => $"/run/netns/mig-bench-{Environment.ProcessId}.{name}";

        private void WaitForService()
        {
            var networks = new Networks.NetworksClient(_channel);
            var started = Stopwatch.GetTimestamp();
            while (true)
            {
                try
                {
                    if (networks.Status(new StatusRequest()).Ready) return;
                }
                catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
                {
                    // Not yet; whether it ever will is seen below.
                }
                if (_service.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                    throw new InvalidOperationException($"migration-node does not serve: {File.ReadAllText(Path.Combine(_folder, "node.log"))}");
                Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System).Wait();
            }
        }

        private void Plan(string id, int delegates = 0)
        {
            var plan = new MachinePlan
            {
                Id = id,
                Pod = new PodIdentity { Namespace = "default", Name = VirtualMachine, Uid = id },
                InstanceNamespace = "default",
                InstanceName = "bench",
                InstanceUid = id,
                FirmwareUuid = "5d307ca9-b3ef-428c-8861-06e72d69f223",
                Sockets = 1,
                Cores = 1,
                Threads = 1,
                MemoryBytes = 64 << 20,
                KernelBoot = new Protos.KernelBoot { Volume = "kernel-boot", KernelPath = "/boot/vmlinuz" },
                Interfaces = { new Interface { Name = "default", PodInterface = "eth0", Binding = Binding.Bridge } },
            };
            plan.Interfaces.AddRange(Enumerable.Range(1, delegates).Select(Delegated));
            Machines.EnsureMachine(new EnsureMachineRequest { Plan = plan });
        }

        // The same plugins as the pod network's, on a bridge of its own.
        private Interface Delegated(int number)
        {
            var network = _bridge.DeepClone();
            (network["cniVersion"], network["name"], network["bridge"]) = ("1.0.0", $"lan{number}", $"lan{number}");
            return new Interface
            {
                Name = $"lan{number}",
                PodInterface = $"pod{number}",
                Binding = Binding.Bridge,
                Delegate = new Protos.Delegate { Name = $"default/lan{number}", Configuration = network.ToJsonString() },
            };
        }

        // The reference plugin works on the namespace that it is run in; ours runs anywhere.
        private string? Execute(string command, JsonObject plugin, string pod, string id, string? previous)
        {
            var input = Input(plugin, previous);
            return ReferenceEquals(plugin, _bridge)
                ? Execute("nsenter", [$"--net={NamespacePath("host")}", "--", Reference("bridge")], command, pod, id, NamespacePath(id), input)
                : Execute(Plugin, [], command, pod, id, NamespacePath(id), input);
        }

        private static string Reference(string type) =>
            Installation.CniPlugins.Skip(1).Select(folder => Path.Combine(folder, type)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"the reference CNI plugin {type} is not installed");

        private static string Input(JsonObject plugin, string? previous)
        {
            var input = plugin.DeepClone().AsObject();
            input["cniVersion"] = "1.0.0";
            input["name"] = "pods";
            if (previous is not null) input["prevResult"] = JsonNode.Parse(previous);
            return input.ToJsonString();
        }

        private static string? Execute(string program, string[] arguments, string command, string pod, string id, string space, string input)
        {
            using var process = Start(program, arguments, command, pod, id, space);
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{Path.GetFileName(program)} {command}: {output}");
        }

        private static Process Start(string program, string[] arguments, string command, string pod, string id, string space)
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
            start.Environment["CNI_COMMAND"] = command;
            start.Environment["CNI_CONTAINERID"] = id;
            start.Environment["CNI_NETNS"] = space;
            start.Environment["CNI_IFNAME"] = "eth0";
            start.Environment["CNI_PATH"] = string.Join(':', Installation.CniPlugins);
            start.Environment["CNI_ARGS"] = $"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod};K8S_POD_UID={id};IgnoreUnknown=1";
            return Process.Start(start)!;
        }

        private static double HighWaterMark(int pid)
        {
            var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return 1024 * double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
    }
}
