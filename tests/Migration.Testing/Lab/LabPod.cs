using System.Text.Json;
using Migration.Protos;

namespace Migration.Testing.Lab;

/// <summary>A pod: its namespace with a NIC from Debian's bridge and host-local plugins, its emptyDir, its launcher.</summary>
public sealed class LabPod : IDisposable
{
    public const int QemuUser = 107;
    private readonly LabNode _node;
    private readonly List<int> _lanPorts = [];
    private TiedProcess? _launcher;

    internal LabPod(LabNode node, string name)
    {
        (_node, Name, Uid) = (node, name, Guid.NewGuid().ToString());
        Namespace = TestNamespace.Create(name);
        Sockets = Path.Combine(node.KubeletRoot, "pods", Uid, "volumes", "kubernetes.io~empty-dir", "sockets");
        Disks = Path.Combine(node.KubeletRoot, "pods", Uid, "volumes", "kubernetes.io~empty-dir", "ephemeral-disks");
        Directory.CreateDirectory(Sockets);
        Directory.CreateDirectory(Disks);
    }

    public string Name { get; }

    public string Uid { get; }

    public TestNamespace Namespace { get; }

    /// <summary>The emptyDir, as the host sees it.</summary>
    public string Sockets { get; }

    /// <summary>The emptyDir of what is made for the guest, as the host sees it.</summary>
    public string Disks { get; }

    /// <summary>The pod's address by the reference plugins, e.g. 10.244.1.2.</summary>
    public string Address { get; private set; } = "";

    public string Mac { get; private set; } = "";

    public string AddResult { get; private set; } = "";

    public Guest Guest => new(Path.Combine(_node.Folder, $"{Uid}.console"));

    public TiedProcess Launcher => _launcher ?? throw new InvalidOperationException("the launcher was not started");

    public string LauncherErrors => _launcher is { } launcher ? launcher.Errors : "";

    public AttachmentKey Key => new() { Network = "lab", ContainerId = Uid, InterfaceName = "eth0" };

    public PodIdentity Identity => new() { Namespace = "default", Name = $"virt-launcher-{Name}", Uid = Uid };

    public async Task AddNetworkAsync()
    {
        AddResult = await CniAsync("ADD");
        using var result = JsonDocument.Parse(AddResult);
        Address = result.RootElement.GetProperty("ips")[0].GetProperty("address").GetString()!.Split('/')[0];
        Mac = result.RootElement.GetProperty("interfaces").EnumerateArray().First(one => one.GetProperty("name").GetString() == "eth0").GetProperty("mac").GetString()!;
    }

    /// <summary>
    /// A further pod NIC, on the lab's second network, as Multus would have it made: with addresses of both families, and without
    /// a word to the node. Its addresses, IPv4 first.
    /// </summary>
    public async Task<IReadOnlyList<string>> AddLanAsync(string nic)
    {
        var port = ++_node.LanPorts;
        _lanPorts.Add(port);
        var number = _node.Number * 1000 + port;
        string[] addresses = [$"10.88.{number / 256}.{number % 256}", $"fd88::{number:x}"];
        await _node.Namespace.IpAsync($"link add lan{port} type veth peer name {nic} netns {Namespace.Name}");
        await _node.Namespace.IpAsync($"link set lan{port} master {LabNode.Lan} up");
        await Namespace.IpAsync($"addr add {addresses[0]}/16 dev {nic}");
        await Namespace.IpAsync($"addr add {addresses[1]}/64 dev {nic} nodad");
        await Namespace.IpAsync($"link set {nic} up");
        return addresses;
    }

    /// <summary>Runs the reference plugin; CHECK is given the result of ADD.</summary>
    public async Task<string> CniAsync(string command)
    {
        var configuration = new Dictionary<string, object>
        {
            ["cniVersion"] = "1.0.0",
            ["name"] = "lab",
            ["type"] = "bridge",
            ["bridge"] = "cni0",
            ["isGateway"] = true,
            ["isDefaultGateway"] = true,
            ["hairpinMode"] = true,
            ["ipam"] = new Dictionary<string, object>
            {
                ["type"] = "host-local",
                ["dataDir"] = Path.Combine(_node.Folder, "ipam"),
                ["ranges"] = Subnets().Select(subnet => new[] { new Dictionary<string, string> { ["subnet"] = subnet } }).ToArray(),
            },
        };
        if (command != "ADD" && AddResult.Length > 0)
            configuration["prevResult"] = JsonDocument.Parse(AddResult).RootElement;
        var file = Path.Combine(_node.Folder, $"{Uid}.cni.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(configuration));
        return await Shell.RunAsync(
            "/usr/bin/nsenter", $"--net={_node.Namespace.Path}", "--", "/usr/bin/env", $"CNI_COMMAND={command}", $"CNI_CONTAINERID={Uid}",
            $"CNI_NETNS={Namespace.Path}", "CNI_IFNAME=eth0", "CNI_PATH=/usr/lib/cni", "/bin/sh", "-c", $"exec /usr/lib/cni/bridge < {file}");
    }

    private string[] Subnets() => _node.HasDualStackPods ? [$"10.244.{_node.Number}.0/24", $"fd44:{_node.Number}::/64"] : [$"10.244.{_node.Number}.0/24"];

    /// <summary>What the CNI plugin does after the reference plugins.</summary>
    public async Task<Attachment> AttachAsync(Interface? nic = null) =>
        (await _node.Networks.AttachAsync(new AttachRequest { Key = Key, Pod = Identity, NamespacePath = Namespace.Path, Interface = nic }, deadline: LabNode.Soon())).Attachment;

    public async Task DetachAsync() => await _node.Networks.DetachAsync(new DetachRequest { Key = Key, NamespacePath = Namespace.Path }, deadline: LabNode.Soon());

    /// <summary>A plan for the test guest.</summary>
    public MachinePlan Plan(string firmwareUuid, string kernelArguments = "", int memoryMiB = 192) => new()
    {
        Id = Uid,
        Pod = Identity,
        InstanceNamespace = "default",
        InstanceName = "guest",
        InstanceUid = firmwareUuid,
        FirmwareUuid = firmwareUuid,
        Cores = 1,
        MemoryBytes = (ulong)memoryMiB << 20,
        KernelBoot = new() { Volume = "kernel-boot", KernelPath = "/vmlinuz", InitrdPath = "/initrd.gz", KernelArguments = Guest.Arguments(kernelArguments) },
        Interfaces = { new Interface { Name = "default", PodInterface = "eth0", Binding = Binding.Bridge } },
        TerminationGracePeriod = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(10)),
    };

    /// <summary>The pod's container: the launcher, with its volumes where a kubelet would mount them.</summary>
    /// <param name="resolverConfiguration">What the pod finds at /etc/resolv.conf; the machine's own if nothing is given.</param>
    public void StartLauncher(string? resolverConfiguration = null)
    {
        const string script = """
            mount -t tmpfs none /run && mkdir -p /run/migration-launcher /run/migration-volumes/kernel-boot &&
            mount --bind "$1" /run/migration-launcher && mount --bind "$2" /run/migration-volumes/kernel-boot &&
            mkdir /run/migration-disks && mount --bind "$5" /run/migration-disks &&
            { [ -z "$4" ] || mount --bind "$4" /etc/resolv.conf; } || exit 1
            launcher=$3; shift 5
            while [ $# -gt 0 ]; do mkdir "/run/migration-volumes/$1" && mount --bind "$2" "/run/migration-volumes/$1" || exit 1; shift 2; done
            exec setpriv --reuid 107 --regid 107 --clear-groups --pdeathsig KILL "$launcher" --socket /run/migration-launcher/launcher.sock
            """;
        var owned = Shell.RunAsync("chown", [$"{QemuUser}:{QemuUser}", Sockets, Disks, .. _node.Volumes.Values]);
        owned.Wait();
        var errors = Path.Combine(_node.Folder, $"{Uid}.errors");
        _launcher = TiedProcess.Start(
            "/usr/bin/nsenter",
            [$"--net={Namespace.Path}", "--", "unshare", "--mount", "--propagation", "private", "sh", "-c", script, "launcher",
                Sockets, Path.GetDirectoryName(Guest.Kernel)!, BuiltProgram.Path("migration-launcher"), resolverConfiguration ?? "", Disks,
                .. _node.Volumes.SelectMany(volume => new[] { volume.Key, volume.Value })],
            Path.Combine(_node.Folder, $"{Uid}.console"), errors);
    }

    /// <summary>What a kubelet does when the pod is gone: CNI DEL (ours first, then the reference), namespace, volumes.</summary>
    public async Task DeleteAsync()
    {
        _launcher?.Dispose();
        await DetachAsync();
        await CniAsync("DEL");
        foreach (var port in _lanPorts)
            await _node.Namespace.IpAsync($"link del lan{port}");
        Directory.Delete(Path.Combine(_node.KubeletRoot, "pods", Uid), recursive: true);
        Namespace.Dispose();
        _node.Forget(this);
    }

    public void Dispose()
    {
        _launcher?.Dispose();
        Namespace.Dispose();
    }
}
