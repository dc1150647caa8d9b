using Grpc.Core;
using Grpc.Net.Client;
using Migration.Linux;
using Migration.Protos;

namespace Migration.Testing.Lab;

/// <summary>One node: its namespace, its node service (which may be killed and started again), its pods.</summary>
public sealed class LabNode : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    public const string Lan = "lan";

    // As deploy/node has it.
    private const string Thrift = "DOTNET_GCGen0MaxBudget=400000";
    private readonly NodeLab _lab;
    private readonly string _certificates;
    private readonly List<LabPod> _pods = [];
    private GrpcChannel? _channel;

    internal LabNode(NodeLab lab, string name, int number)
    {
        (_lab, Name, Number) = (lab, name, number);
        Folder = Path.Combine(lab.Folder, name);
        Directory.CreateDirectory(Path.Combine(Folder, "kubelet", "pods"));
        Directory.CreateDirectory(Plugins);
        Directory.CreateDirectory(CniConfigurations);
        _certificates = lab.Certificates.Issue(LabCertificates.NodeName(name));
        Namespace = TestNamespace.Create(name);
    }

    public string Name { get; }

    public int Number { get; }

    public string Folder { get; }

    public TestNamespace Namespace { get; }

    public TiedProcess? Process { get; private set; }

    public IReadOnlyList<LabPod> Pods => _pods;

    /// <summary>How many NICs its pods have got on the second network.</summary>
    public int LanPorts { get; set; }

    /// <summary>Directories that every pod of this node has as volumes, by the volumes' names.</summary>
    public Dictionary<string, string> Volumes { get; } = [];

    public string Address => $"10.91.0.{Number}";

    public string Socket => Path.Combine(Folder, "node.sock");

    public string State => Path.Combine(Folder, "state");

    public string KubeletRoot => Path.Combine(Folder, "kubelet");

    /// <summary>Plugins of the test's own, found before Debian's.</summary>
    public string Plugins => Path.Combine(Folder, "plugins");

    /// <summary>CNI configurations on the node's disk.</summary>
    public string CniConfigurations => Path.Combine(Folder, "net.d");

    /// <summary>Whether pods get an IPv6 address besides, from now on.</summary>
    public bool HasDualStackPods { get; set; }

    /// <summary>For the node service, from its next start on.</summary>
    public IReadOnlyList<string> MoreArguments { get; set; } = [];

    public string Log => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    public Protos.Networks.NetworksClient Networks => new(Channel());

    public Protos.Machines.MachinesClient Machines => new(Channel());

    public Protos.Migrations.MigrationsClient Migrations => new(Channel());

    public Protos.Node.NodeClient Node => new(Channel());

    private string LogPath => Path.Combine(Folder, "log");

    public async Task StartAsync()
    {
        await Namespace.IpAsync("link set lo up");
        await Namespace.IpAsync($"addr add {Address}/24 dev fabric");
        await Namespace.IpAsync("link set fabric up");
        await Namespace.ExecuteAsync("sysctl -qw net.ipv4.ip_forward=1");
        await StartServiceAsync();
    }

    /// <summary>Starts the node service and waits until it serves.</summary>
    public async Task StartServiceAsync()
    {
        Process = TiedProcess.Start("/usr/bin/nsenter", [$"--net={Namespace.Path}", "--", "/usr/bin/env", Thrift, BuiltProgram.Path("migration-node"), .. Arguments()], LogPath, LogPath);
        await EventuallyAsync(async () =>
        {
            if (Process.HasExited)
                throw new InvalidOperationException($"migration-node {Name} ended: {Log}");
            return File.Exists(Socket) && (await Networks.StatusAsync(new StatusRequest(), deadline: Soon())).Ready;
        }, $"node {Name} serves");
    }

    /// <summary>SIGKILL, at once.</summary>
    public void Kill()
    {
        Process?.Dispose();
        Process = null;
        DropChannel();
    }

    /// <summary>SIGTERM, and its exit code.</summary>
    public async Task<ProcessExit> StopAsync()
    {
        Process!.Signal(ProcessSignal.Terminate);
        var exit = await Process.WaitForExitAsync(Limit);
        Process.Dispose();
        Process = null;
        DropChannel();
        return exit;
    }

    public Task RestartAsync()
    {
        Kill();
        return StartServiceAsync();
    }

    /// <summary>A pod as the kubelet and the CNI make one: namespace, NIC by the reference plugins, emptyDir.</summary>
    public async Task<LabPod> CreatePodAsync(string name)
    {
        var pod = new LabPod(this, name);
        _pods.Add(pod);
        await pod.AddNetworkAsync();
        return pod;
    }

    public async Task<Machine> WaitForMachineAsync(string id, Func<Machine, bool> wanted, string what)
    {
        Machine? seen = null;
        await EventuallyAsync(async () =>
        {
            seen = (await Machines.GetMachineAsync(new GetMachineRequest { Id = id }, deadline: Soon())).Machine;
            return wanted(seen);
        }, what, () => seen);
        return seen!;
    }

    public Task<Machine> WaitForMachineAsync(string id, MachinePhase phase) => WaitForMachineAsync(id, machine => machine.Phase == phase, $"machine {id} is {phase}");

    public async Task<MigrationState> WaitForMigrationAsync(string id, Func<MigrationState, bool> wanted, string what)
    {
        MigrationState? seen = null;
        await EventuallyAsync(async () =>
        {
            seen = (await Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = id }, deadline: Soon())).Migration;
            return wanted(seen);
        }, what, () => seen);
        return seen!;
    }

    /// <summary>Asks again until it holds; a node that is just being restarted is asked again, too.</summary>
    public async Task EventuallyAsync(Func<Task<bool>> holds, string what, Func<object?>? seen = null)
    {
        var until = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(until) < Limit)
        {
            try
            {
                if (await holds())
                    return;
                last = null;
            }
            catch (RpcException notNow)
            {
                last = notNow;
            }

            await Task.Delay(10);
        }

        throw new TimeoutException($"not within {Limit.TotalSeconds} s: {what}; last seen: {seen?.Invoke()} {last?.Message}\n{_lab.Describe()}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pod in _pods)
            pod.Dispose();
        Kill();
        Namespace.Dispose();
        await Task.CompletedTask;
    }

    /// <summary>A deadline for a call that answers at once.</summary>
    public static DateTime Soon() => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(10);

    internal void Forget(LabPod pod) => _pods.Remove(pod);

    private string[] Arguments() =>
    [
        "--name", Name, "--listen", $"{Address}:7411", "--data-listen", $"{Address}:7412", "--socket", Socket, "--state", State,
        "--kubelet-root", KubeletRoot, "--certificates", _certificates, "--accelerator", "tcg",
        "--cni-bin-dir", $"{Plugins}:/usr/lib/cni", "--cni-conf-dir", CniConfigurations, .. MoreArguments,
    ];

    private GrpcChannel Channel() =>
        _channel ??= GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = UnixSocketTransport.CreateHandler(Socket), DisposeHttpClient = true });

    private void DropChannel()
    {
        _channel?.Dispose();
        _channel = null;
    }
}
