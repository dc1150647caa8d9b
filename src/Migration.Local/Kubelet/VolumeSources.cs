using System.Text;
using Migration.Kubernetes;
using Migration.Local.Storage;

namespace Migration.Local.Kubelet;

/// <summary>Volumes whose content is in the API: written as files below the pod's directory, as the kubelet does. Claims: where their volumes are.</summary>
internal sealed class VolumeSources(KubernetesClient client)
{
    /// <summary>The path of each such volume, by its name.</summary>
    /// <exception cref="PodRefusedException">Something that a volume is made of is not there (yet).</exception>
    public async Task<IReadOnlyDictionary<string, string>> ResolveAsync(Pod pod, string directory, CancellationToken ct)
    {
        var paths = new Dictionary<string, string>();
        foreach (var volume in pod.Spec?.Volumes ?? [])
        {
            if (await ResolveAsync(pod, volume, Path.Combine(directory, "volumes"), ct) is { } path)
                paths[volume.Name!] = path;
        }

        return paths;
    }

    private async Task<string?> ResolveAsync(Pod pod, Volume volume, string folder, CancellationToken ct) => volume switch
    {
        { ConfigMap: { } map } => Write(Path.Combine(folder, "kubernetes.io~configmap", volume.Name!), Chosen(await ConfigMapAsync(pod, map, ct), map.Items, volume)),
        { Secret: { } secret } => Write(Path.Combine(folder, "kubernetes.io~secret", volume.Name!), Chosen(await SecretAsync(pod, secret, ct), secret.Items, volume)),
        { PersistentVolumeClaim: { } claim } => await ClaimAsync(pod, claim, ct),
        { DownwardApi: { } fields } => Write(Path.Combine(folder, "kubernetes.io~downward-api", volume.Name!), Fields(pod, fields)),
        _ => null,
    };

    private async Task<Dictionary<string, byte[]>> ConfigMapAsync(Pod pod, ConfigMapVolume map, CancellationToken ct)
    {
        var found = await client.For(Kinds.ConfigMaps).FindAsync(new ObjectKey(pod.Metadata.Namespace!, map.Name ?? ""), ct);
        if (found is null && map.Optional != true)
            throw new PodRefusedException($"configmap \"{map.Name}\" not found");
        var files = (found?.Data ?? new Dictionary<string, string>()).ToDictionary(entry => entry.Key, entry => Encoding.UTF8.GetBytes(entry.Value));
        foreach (var (name, content) in found?.BinaryData ?? new Dictionary<string, string>())
            files[name] = Convert.FromBase64String(content);
        return files;
    }

    private async Task<Dictionary<string, byte[]>> SecretAsync(Pod pod, SecretVolume secret, CancellationToken ct)
    {
        var found = await client.For(Kinds.Secrets).FindAsync(new ObjectKey(pod.Metadata.Namespace!, secret.SecretName ?? ""), ct);
        if (found is null && secret.Optional != true)
            throw new PodRefusedException($"secret \"{secret.SecretName}\" not found");
        return (found?.Data ?? new Dictionary<string, string>()).ToDictionary(entry => entry.Key, entry => Convert.FromBase64String(entry.Value));
    }

    private async Task<string> ClaimAsync(Pod pod, ClaimVolume source, CancellationToken ct)
    {
        var claim = await client.For(Kinds.Claims).FindAsync(new ObjectKey(pod.Metadata.Namespace!, source.ClaimName ?? ""), ct)
            ?? throw new PodRefusedException($"persistentvolumeclaim \"{source.ClaimName}\" not found");
        if (claim is not { Status.Phase: "Bound", Spec.VolumeName: { Length: > 0 } name })
            throw new PodRefusedException($"persistentvolumeclaim \"{source.ClaimName}\" is not bound");
        var volume = await client.For(Kinds.Volumes).FindAsync(new ObjectKey("", name), ct);
        if (volume?.Spec?.HostPath?.Path is not { } path)
            throw new PodRefusedException($"volume \"{name}\": the process runtime has volumes with hostPath only");
        return volume.Spec.VolumeMode == PersistentVolumeClaimSpec.Block ? LoopDevices.Attach(path) : path;
    }

    private static Dictionary<string, byte[]> Chosen(Dictionary<string, byte[]> all, IReadOnlyList<KeyToPath>? items, Volume volume) => items is null
        ? all
        : items.ToDictionary(item => item.Path ?? "", item => all.GetValueOrDefault(item.Key ?? "") ?? throw new PodRefusedException($"volume \"{volume.Name}\": there is no key \"{item.Key}\""));

    private static Dictionary<string, byte[]> Fields(Pod pod, DownwardVolume volume) => (volume.Items ?? []).ToDictionary(
        item => item.Path ?? "",
        item => item.FieldRef?.FieldPath is { } path
            ? Encoding.UTF8.GetBytes(Field(pod, path))
            : throw new PodRefusedException($"downwardAPI: {item.Path} is of a kind that the process runtime does not have"));

    private static string Field(Pod pod, string path) => path switch
    {
        "metadata.name" => pod.Metadata.Name!,
        "metadata.namespace" => pod.Metadata.Namespace!,
        "metadata.uid" => pod.Metadata.Uid!,
        "metadata.labels" => Pairs(pod.Metadata.Labels),
        "metadata.annotations" => Pairs(pod.Metadata.Annotations),
        "spec.nodeName" => pod.Spec?.NodeName ?? "",
        "spec.serviceAccountName" => pod.Spec?.ServiceAccountName ?? "",
        _ when Subscript(path, "metadata.labels") is { } name => pod.Metadata.Label(name) ?? "",
        _ when Subscript(path, "metadata.annotations") is { } name => pod.Metadata.Annotation(name) ?? "",
        _ => throw new PodRefusedException($"downwardAPI: the process runtime does not know the field {path}"),
    };

    private static string? Subscript(string path, string of) =>
        path.StartsWith(of + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) ? path[(of.Length + 2)..^2] : null;

    private static string Pairs(IReadOnlyDictionary<string, string>? pairs) =>
        string.Join('\n', (pairs ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}=\"{pair.Value}\""));

    private static string Write(string folder, Dictionary<string, byte[]> files)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, content) in files)
        {
            var path = Path.GetFullPath(name, folder);
            if (!path.StartsWith(folder + "/", StringComparison.Ordinal))
                throw new PodRefusedException($"'{name}' leads out of its volume");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }

        return folder;
    }
}
