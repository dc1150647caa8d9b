using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.Local.Kubelet;

/// <summary>A pod's directory on the node, laid out as the kubelet's, and its volumes as mounts.</summary>
internal sealed class PodVolumes(NodePaths node, ImageDirectories images, VolumeSources sources, Pod pod)
{
    private IReadOnlyDictionary<string, string> _resolved = new Dictionary<string, string>();

    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;

    private string Directory => node.PodDirectory(pod.Metadata.Uid!);

    public string LogFile(Container container)
    {
        var folder = Path.Combine(Directory, "logs");
        System.IO.Directory.CreateDirectory(folder);
        return Path.Combine(folder, $"{container.Name}.log");
    }

    /// <summary>Before the first container: what volumes are made of is fetched.</summary>
    public async Task ResolveAsync(CancellationToken ct) => _resolved = await sources.ResolveAsync(pod, Directory, ct);

    public IReadOnlyList<Mount> MountsOf(Container container) =>
    [
        new Mount(images.Find(container.Image ?? ""), ContainerStart.ImagePath),
        .. (container.VolumeMounts ?? []).Select(mount => new Mount(Source(mount), mount.MountPath!)),
        .. (container.VolumeDevices ?? []).Select(device => new Mount(Resolved(device.Name), device.DevicePath!)),
    ];

    public void Remove()
    {
        if (System.IO.Directory.Exists(Directory))
            System.IO.Directory.Delete(Directory, recursive: true);
    }

    private string Source(VolumeMount mount)
    {
        var volume = pod.Spec?.Volumes?.FirstOrDefault(volume => volume.Name == mount.Name)
            ?? throw new PodRefusedException($"volumeMounts: there is no volume \"{mount.Name}\"");
        var root = volume switch
        {
            { EmptyDir: not null } => MakeEmptyDirectory(volume),
            { Image: { } image } => images.Find(image.Reference ?? ""),
            { HostPath: { Path: { } path } host } => HostDirectory(path, host.Type),
            _ => Resolved(volume.Name),
        };
        return mount.SubPath is { Length: > 0 } below ? Path.Combine(root, below) : root;
    }

    private string Resolved(string? volume) => _resolved.GetValueOrDefault(volume ?? "")
        ?? throw new PodRefusedException($"volume \"{volume}\": the process runtime has no volumes of its kind");

    private static string HostDirectory(string path, string? type)
    {
        if (type == "DirectoryOrCreate" && !System.IO.Directory.Exists(path))
            File.SetUnixFileMode(System.IO.Directory.CreateDirectory(path).FullName, Everybody);
        return Path.Exists(path) ? path : throw new PodRefusedException($"hostPath \"{path}\" is not there");
    }

    private string MakeEmptyDirectory(Volume volume)
    {
        var path = Path.Combine(Directory, "volumes", "kubernetes.io~empty-dir", volume.Name!);
        System.IO.Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Everybody);
        return path;
    }
}

/// <summary>The pod as written can't run here; trying again will not help until it is changed.</summary>
public sealed class PodRefusedException(string message) : Exception(message);
