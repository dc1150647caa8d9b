using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;

namespace Migration.Local.Storage;

/// <summary>
/// Gives claims their volumes: directories of this machine, which all nodes of the cluster share, or files in their place where a block device
/// is claimed. Takes a volume back when its claim is gone and no pod uses it any more.
/// </summary>
public sealed class VolumeProvisioner : IReconciler, IAsyncDisposable
{
    public const string StorageClass = "standard";

    private const string Provisioner = "migration.internal/directory";
    private const string InUse = "kubernetes.io/pvc-protection";
    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private static readonly ResourceKind<PartialObject> Classes = Kinds.Partial("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced: false);

    private readonly string _folder;
    private readonly ResourceClient<PersistentVolumeClaim> _claims;
    private readonly ResourceClient<PersistentVolume> _volumes;
    private readonly ResourceClient<Pod> _pods;
    private readonly Informer<PersistentVolumeClaim> _known;
    private readonly WorkQueue _queue;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    private VolumeProvisioner(KubernetesClient client, string folder, ILogger logger, TimeProvider time)
    {
        (_folder, _logger) = (folder, logger);
        (_claims, _volumes, _pods) = (client.For(Kinds.Claims), client.For(Kinds.Volumes), client.For(Kinds.Pods));
        _queue = new WorkQueue("provisioner", time);
        _known = new Informer<PersistentVolumeClaim>(client, Kinds.Claims, logger: logger).Feed(_queue).Start();
        _loop = new Controller(_queue, this, logger, time) { Workers = 1 }.RunAsync([_known.Synced], _stopping.Token);
    }

    public static async Task<VolumeProvisioner> StartAsync(KubernetesClient client, string folder, ILoggerFactory logging, TimeProvider time, CancellationToken ct)
    {
        try
        {
            await client.For(Classes).CreateAsync(TheClass(), ct);
        }
        catch (KubernetesException kept) when (kept.IsAlreadyExists)
        {
            // Of a cluster that was kept.
        }

        return new VolumeProvisioner(client, folder, logging.CreateLogger<VolumeProvisioner>(), time);
    }

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (_known.Store.Get(key) is not { } claim)
            return Outcome.Done;
        if (claim.IsDeleting)
            return await ReleaseAsync(claim, ct);
        if (claim.Status?.Phase == "Bound" || claim.Spec is not { StorageClassName: null or StorageClass })
            return Outcome.Done;
        await _claims.EnsureFinalizerAsync(claim, InUse, ct);
        var volume = await ProvideAsync(claim, ct);
        await BindAsync(key, volume, ct);
        return Outcome.Done;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        await _known.DisposeAsync();
        _queue.Dispose();
        _stopping.Dispose();
    }

    private async Task<PersistentVolume> ProvideAsync(PersistentVolumeClaim claim, CancellationToken ct)
    {
        var name = claim.Spec!.VolumeName is { Length: > 0 } given ? given : $"pvc-{claim.Metadata.Uid}";
        if (await _volumes.FindAsync(new ObjectKey("", name), ct) is { } present)
            return present;
        var path = Path.Combine(_folder, name);
        Make(path, claim);
        return await _volumes.CreateAsync(
            new PersistentVolume
            {
                ApiVersion = "v1",
                Kind = "PersistentVolume",
                Metadata = new ObjectMeta { Name = name },
                Spec = new PersistentVolumeSpec
                {
                    Capacity = claim.Spec.Resources?.Requests,
                    AccessModes = claim.Spec.AccessModes,
                    ClaimRef = new ObjectReference { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Namespace = claim.Metadata.Namespace, Name = claim.Metadata.Name, Uid = claim.Metadata.Uid },
                    HostPath = new HostPathVolume { Path = path },
                    PersistentVolumeReclaimPolicy = "Delete",
                    StorageClassName = StorageClass,
                    VolumeMode = claim.Spec.VolumeMode,
                },
            },
            ct);
    }

    private void Make(string path, PersistentVolumeClaim claim)
    {
        Directory.CreateDirectory(_folder);
        if (claim.Spec!.VolumeMode == PersistentVolumeClaimSpec.Block)
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate);
            if (claim.Spec.Resources?.Requests?.TryGetValue("storage", out var size) == true)
                file.SetLength(size.Ceiling);
            return;
        }

        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Everybody);
    }

    private async Task BindAsync(ObjectKey key, PersistentVolume volume, CancellationToken ct)
    {
        await _volumes.PatchStatusAsync(volume.Key, Patch.Merge(new JsonObject { ["status"] = new JsonObject { ["phase"] = "Bound" } }), ct);
        var claim = await _claims.PatchAsync(
            key, Patch.Merge(new JsonObject { ["spec"] = new JsonObject { ["volumeName"] = volume.Metadata.Name, ["storageClassName"] = volume.Spec?.StorageClassName ?? "" } }), ct);
        await _claims.UpdateStatusAsync(
            claim with { Status = (claim.Status ?? new PersistentVolumeClaimStatus()) with { Phase = "Bound", AccessModes = volume.Spec?.AccessModes, Capacity = volume.Spec?.Capacity } }, ct);
        Log.ClaimBound(_logger, key.ToString(), volume.Metadata.Name!);
    }

    private async Task<Outcome> ReleaseAsync(PersistentVolumeClaim claim, CancellationToken ct)
    {
        var pods = await _pods.ListAsync(new ListOptions { Namespace = claim.Metadata.Namespace }, ct);
        if (pods.Any(pod => pod.Status?.Phase is not ("Succeeded" or "Failed") && pod.Spec?.Volumes?.Any(volume => volume.PersistentVolumeClaim?.ClaimName == claim.Metadata.Name) == true))
            return Outcome.Again(LookAgain);
        if (claim.Spec?.VolumeName is { Length: > 0 } name && await _volumes.FindAsync(new ObjectKey("", name), ct) is { } volume)
            await TakeBackAsync(volume, ct);
        await _claims.RemoveFinalizerAsync(claim, InUse, ct);
        return Outcome.Done;
    }

    private async Task TakeBackAsync(PersistentVolume volume, CancellationToken ct)
    {
        if (volume.Spec is not { PersistentVolumeReclaimPolicy: "Delete", HostPath.Path: { } path } || Path.GetDirectoryName(path) != _folder)
        {
            await _volumes.PatchStatusAsync(volume.Key, Patch.Merge(new JsonObject { ["status"] = new JsonObject { ["phase"] = "Released" } }), ct);
            return;
        }

        Remove(path);
        await _volumes.EnsureDeletedAsync(volume, DeleteOptions.Default, ct);
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        if (!File.Exists(path))
            return;
        LoopDevices.Detach(path);
        File.Delete(path);
    }

    /// <summary>Gives back the devices of a cluster whose files are about to go.</summary>
    internal static void DetachAll(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var file in Directory.EnumerateFiles(folder))
            LoopDevices.Detach(file);
    }

    private static PartialObject TheClass() => new()
    {
        ApiVersion = "storage.k8s.io/v1",
        Kind = "StorageClass",
        Metadata = new ObjectMeta { Name = StorageClass, Annotations = new Dictionary<string, string> { ["storageclass.kubernetes.io/is-default-class"] = "true" } },
        Unknown = new Dictionary<string, JsonElement> { ["provisioner"] = JsonDocument.Parse($"\"{Provisioner}\"").RootElement },
    };
}
