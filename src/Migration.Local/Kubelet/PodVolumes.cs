using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.Local.Kubelet;

/// <summary>A pod's directory on the node, laid out as the kubelet's, and its volumes as mounts.</summary>
internal sealed class PodVolumes(NodePaths node, ImageDirectories images, VolumeSources sources, Pod pod)
{
    private IReadOnlyDictionary<string, string> _claims = new Dictionary<string, string>();

    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;

    private string Directory => node.PodDirectory(pod.Metadata.Uid!);

    public string LogFile(Container container)
    {
        var folder = Path.Combine(Directory, "logs");
        System.IO.Directory.CreateDirectory(folder);
        return Path.Combine(folder, $"{container.Name}.log");
    }

    /// <summary>Before a container starts: where the claims' volumes are.</summary>
    public async Task ResolveAsync(CancellationToken ct) => _claims = await sources.ResolveAsync(pod, ct);

    public IReadOnlyList<Mount> MountsOf(Container container) =>
    [
        new Mount(images.Find(container.Image ?? ""), ContainerStart.ImagePath),
        .. (container.VolumeMounts ?? []).Select(mount => new Mount(Source(mount), mount.MountPath!)),
        .. (container.VolumeDevices ?? []).Select(device => new Mount(Claimed(device.Name), device.DevicePath!)),
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
            { HostPath: { Path: { } path } host } => HostPath(volume, host, path),
            _ when ApiVolumes.Has(volume) => DirectoryOf(volume),
            _ => Claimed(volume.Name),
        };
        return mount.SubPath is { Length: > 0 } below ? Path.Combine(root, below) : root;
    }

    private string Claimed(string? volume) => _claims.GetValueOrDefault(volume ?? "")
        ?? throw new PodRefusedException($"volume \"{volume}\": the process runtime has no volumes of its kind");

    /// <summary>Where the files of a volume are that the kubelet writes.</summary>
    public string DirectoryOf(Volume volume)
    {
        var kind = volume switch
        {
            { ConfigMap: not null } => "configmap",
            { Secret: not null } => "secret",
            { DownwardApi: not null } => "downward-api",
            _ => "projected",
        };
        return Path.Combine(Directory, "volumes", $"kubernetes.io~{kind}", volume.Name!);
    }

    /// <summary>The files by which the pod resolves names, as mounts.</summary>
    public IEnumerable<Mount> NameFiles(NameService names, IReadOnlyList<string> addresses)
    {
        if (PodNames.Resolver(pod, names) is { } resolver)
            yield return new Mount(Write("resolv.conf", resolver), "/etc/resolv.conf");
        if (pod.Spec?.HostNetwork != true)
            yield return new Mount(Write("hosts", PodNames.Hosts(pod, names, addresses)), "/etc/hosts");
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Directory);
        // In place: a container that runs has this very file mounted.
        File.WriteAllText(path, text);
        return path;
    }

    private static string HostPath(Volume volume, HostPathVolume host, string path)
    {
        switch (host.Type)
        {
            case "DirectoryOrCreate" when !System.IO.Directory.Exists(path):
                File.SetUnixFileMode(System.IO.Directory.CreateDirectory(path).FullName, Everybody);
                break;
            case "FileOrCreate" when !File.Exists(path):
                File.Create(path).Dispose();
                break;
        }

        return Path.Exists(path) ? path : throw new PodRefusedException($"volume \"{volume.Name}\": there is no {path} on the node");
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
