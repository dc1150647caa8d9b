using Migration.Kubernetes;
using Migration.Local.Storage;

namespace Migration.Local.Kubelet;

/// <summary>Claims: where their volumes are on this machine.</summary>
internal sealed class VolumeSources(KubernetesClient client)
{
    /// <summary>The path of each claimed volume, by its name.</summary>
    /// <exception cref="PodRefusedException">A claim is not there, or not bound (yet).</exception>
    public async Task<IReadOnlyDictionary<string, string>> ResolveAsync(Pod pod, CancellationToken ct)
    {
        var paths = new Dictionary<string, string>();
        foreach (var volume in pod.Spec?.Volumes ?? [])
        {
            if (volume.PersistentVolumeClaim is { } claim)
                paths[volume.Name!] = await ClaimAsync(pod, claim, ct);
        }

        return paths;
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
}
