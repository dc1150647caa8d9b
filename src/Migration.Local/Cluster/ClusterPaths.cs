namespace Migration.Local.Cluster;

/// <summary>Where one embedded cluster keeps everything: all of it goes with <c>migration down</c>.</summary>
public sealed record ClusterPaths(string Name)
{
    private const string Base = "/run/migration-local";

    public string Root { get; } = Path.Combine(Base, Name);
    /// <summary>What outlives the cluster's run, and the machine's: its objects, its volumes and its authority.</summary>
    public string Kept => Path.Combine("/var/lib/migration-local", Name);

    public string Kubeconfig => Path.Combine(Root, "kubeconfig");
    public string ControllersKubeconfig => Path.Combine(Root, "controllers.kubeconfig");
    public string Page => Path.Combine(Root, "page");
    public string Ready => Path.Combine(Root, "ready");
    public string DaemonPid => Path.Combine(Root, "daemon.pid");
    public string DaemonLog => Path.Combine(Root, "daemon.log");
    public string ControllersLog => Path.Combine(Root, "controllers.log");
    public string ControllersCertificates => Path.Combine(Root, "controllers-certificates");
    public string LanAddresses => Path.Combine(Root, "lan-addresses");
    /// <summary>What claims were given.</summary>
    public string Volumes => Path.Combine(Root, "volumes");

    /// <summary>The same of a cluster whose objects are kept: a claim is nothing without its volume.</summary>
    public string KeptVolumes => Path.Combine(Kept, "volumes");
    public string FabricNamespace => NamespacePath($"mig-{Name}");

    public NodePaths Node(string node) => new(this, node);

    /// <summary>All of this cluster's network namespaces, also those that an earlier, killed run left.</summary>
    public IEnumerable<string> ExistingNamespaces() =>
        Directory.Exists("/run/netns")
            ? Directory.EnumerateFiles("/run/netns").Where(file => IsOurs(Path.GetFileName(file)))
            : [];

    /// <summary>The clusters that have a state directory on this machine, running or not.</summary>
    public static IEnumerable<ClusterPaths> All() =>
        Directory.Exists(Base) ? Directory.EnumerateDirectories(Base).Select(folder => new ClusterPaths(Path.GetFileName(folder))) : [];

    internal static string NamespacePath(string name) => Path.Combine("/run/netns", name);

    private bool IsOurs(string name) => name == $"mig-{Name}" || name.StartsWith($"mig-{Name}.", StringComparison.Ordinal);
}

/// <summary>One node's corner of the cluster's state.</summary>
public sealed record NodePaths(ClusterPaths Cluster, string Node)
{
    // '.' separates, because a cluster's name cannot hold one: "demo" never owns "demo-2"'s namespaces.
    public string Namespace => ClusterPaths.NamespacePath($"mig-{Cluster.Name}.{Node}");
    public string Root => Path.Combine(Cluster.Root, Node);
    public string Socket => Path.Combine(Root, "node.sock");
    public string State => Path.Combine(Root, "state");
    public string Log => Path.Combine(Root, "node.log");
    public string Certificates => Path.Combine(Root, "certificates");
    public string KubeletRoot => Path.Combine(Root, "kubelet");
    public string CniConfiguration => Path.Combine(Root, "cni.conflist");
    public string CniResults => Path.Combine(Root, "cni-results");
    public string CniAddresses => Path.Combine(Root, "cni-addresses");

    public string PodDirectory(string podUid) => Path.Combine(KubeletRoot, "pods", podUid);
    public string PodNamespace(string sandbox) => ClusterPaths.NamespacePath($"mig-{Cluster.Name}.{Node}.{sandbox}");
}
