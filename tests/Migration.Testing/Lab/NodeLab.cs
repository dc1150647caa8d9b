namespace Migration.Testing.Lab;

/// <summary>
/// Two nodes on one machine: a namespace each, joined by a cable, each with the built node service, Debian's bridge plugin and launchers
/// in pods. Everything dies with the test program, and files are in one folder that says whose they are.
/// </summary>
public sealed class NodeLab : IAsyncDisposable
{
    private const string Prefix = "mt-lab-";

    // Memory, as /run is: what the node writes while a guest stands still must not wait for a disk.
    private const string Root = "/dev/shm";
    private static readonly Lazy<bool> LeftoversRemoved = new(RemoveLeftovers);
    private static int _count;

    private NodeLab(string folder)
    {
        Folder = folder;
        Certificates = new LabCertificates(Path.Combine(folder, "certificates"));
    }

    public string Folder { get; }

    public LabCertificates Certificates { get; }

    public LabNode A { get; private set; } = null!;

    public LabNode B { get; private set; } = null!;

    public static Task<NodeLab> StartAsync() => StartAsync(both: true, []);

    /// <summary>The first node alone, for what needs no other, with these arguments more.</summary>
    public static Task<NodeLab> StartAloneAsync(params IReadOnlyList<string> arguments) => StartAsync(both: false, arguments);

    private static async Task<NodeLab> StartAsync(bool both, IReadOnlyList<string> arguments)
    {
        _ = LeftoversRemoved.Value;
        // Short: unix sockets below it must fit into sun_path.
        var folder = Path.Combine(Root, $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        Directory.CreateDirectory(folder);
        var lab = new NodeLab(folder);
        try
        {
            lab.A = new LabNode(lab, "a", 1) { MoreArguments = arguments };
            lab.B = new LabNode(lab, "b", 2);
            await Shell.RunLineAsync($"ip link add fabric netns {lab.A.Namespace.Name} type veth peer name fabric netns {lab.B.Namespace.Name}");
            await Task.WhenAll(lab.A.StartAsync(), both ? lab.B.StartAsync() : Task.CompletedTask);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>A second layer-2 network that spans both nodes: a bridge on each, joined by a cable. See <see cref="LabPod.AddLanAsync"/>.</summary>
    public async Task AddLanAsync()
    {
        foreach (var node in new[] { A, B })
        {
            await node.Namespace.IpAsync($"link add {LabNode.Lan} type bridge");
            await node.Namespace.IpAsync($"addr add 10.88.0.{node.Number}/16 dev {LabNode.Lan}");
            await node.Namespace.IpAsync($"addr add fd88::{node.Number}/64 dev {LabNode.Lan} nodad");
            await node.Namespace.IpAsync($"link set {LabNode.Lan} up");
        }

        const string cable = "lancable";
        await Shell.RunLineAsync($"ip link add {cable} netns {A.Namespace.Name} type veth peer name {cable} netns {B.Namespace.Name}");
        foreach (var node in new[] { A, B })
            await node.Namespace.IpAsync($"link set {cable} master {LabNode.Lan} up");
    }

    /// <summary>What a failed test should show.</summary>
    public string Describe() => string.Join('\n', new[] { A, B }.Select(node => $"--- node {node.Name}\n{node.Log}\n{string.Join('\n', node.Pods.Select(pod => $"--- pod {pod.Name}\n{pod.LauncherErrors}"))}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in new[] { A, B }.OfType<LabNode>())
            await node.DisposeAsync();
        Certificates.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static bool RemoveLeftovers()
    {
        foreach (var folder in Directory.EnumerateDirectories(Root, Prefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(folder)[Prefix.Length..].Split('-')[0], out var owner) && !Directory.Exists($"/proc/{owner}"))
                Directory.Delete(folder, recursive: true);
        }

        return true;
    }
}
