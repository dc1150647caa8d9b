using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Disks;

/// <summary>What a launcher pod needs for its instance's disks: a volume for each, and a place of its own for what is made for the guest.</summary>
public sealed class PodDisks(VirtualMachineInstanceSpec spec, InstanceClaims claims)
{
    private const string OwnVolume = "ephemeral-disks";
    private const string OwnPath = "/run/migration-disks";
    private const string VolumesPath = "/run/migration-volumes";
    private const string UserData = "-udata", NetworkData = "-ndata";

    // As the kubelet would mount them into a container that asks for them.
    private static readonly ProjectedVolume Credentials = new()
    {
        Sources =
        [
            new ProjectedSource { ServiceAccountToken = new ProjectedToken { Path = "token" } },
            new ProjectedSource { ConfigMap = new ConfigMapVolume { Name = "kube-root-ca.crt", Items = [new KeyToPath { Key = "ca.crt", Path = "ca.crt" }] } },
            new ProjectedSource { DownwardApi = new DownwardVolume { Items = [new DownwardFile { Path = "namespace", FieldRef = new Kubernetes.FieldSelector { FieldPath = "metadata.namespace" } }] } },
        ],
    };

    private IReadOnlyList<InstanceVolume> Wanted => spec.Volumes ?? [];

    public IEnumerable<Volume> Volumes =>
    [
        .. NeedsRoom ? (Volume[])[new Volume { Name = OwnVolume, EmptyDir = new EmptyDirVolume() }] : [],
        .. Wanted.SelectMany(VolumesOf),
    ];

    public IEnumerable<VolumeMount> Mounts =>
    [
        .. NeedsRoom ? (VolumeMount[])[new VolumeMount { Name = OwnVolume, MountPath = OwnPath }] : [],
        .. Wanted.Where(volume => !claims.IsBlock(volume)).SelectMany(volume => VolumesOf(volume).Select(one => new VolumeMount
        {
            Name = one.Name,
            MountPath = $"{VolumesPath}/{one.Name}",
            ReadOnly = volume.HostDisk is not null || (volume.ClaimName is not null && !IsReadOnly(volume)) ? null : true,
        })),
    ];

    public IEnumerable<VolumeDevice> Devices =>
        Wanted.Where(claims.IsBlock).Select(volume => new VolumeDevice { Name = volume.Name, DevicePath = $"{VolumesPath}/{volume.Name}" });

    public IEnumerable<string> PullSecrets => Wanted.Select(volume => volume.ContainerDisk?.ImagePullSecret).Where(secret => !string.IsNullOrEmpty(secret)).OfType<string>();

    public string? ServiceAccount => Wanted.Select(volume => volume.ServiceAccount?.ServiceAccountName).FirstOrDefault(name => name is not null);

    /// <summary>The pod volume with a cloud-init volume's user data, where it comes from a secret.</summary>
    public static string UserDataVolume(string volume) => volume + UserData;

    public static string NetworkDataVolume(string volume) => volume + NetworkData;

    internal static bool IsReadOnly(InstanceVolume volume) => volume.Ephemeral is not null || volume.PersistentVolumeClaim?.ReadOnly == true;

    private bool NeedsRoom => spec.Domain.Firmware?.Bootloader?.Efi is not null
        || Wanted.Any(volume => volume is { ContainerDisk: not null } or { EmptyDisk: not null } or { Ephemeral: not null } or { CloudInit: not null }
            or { ConfigMap: not null } or { Secret: not null } or { ServiceAccount: not null } or { DownwardAPI: not null });

    private static IEnumerable<Volume> VolumesOf(InstanceVolume volume) => volume switch
    {
        { ContainerDisk: { } disk } => [new Volume { Name = volume.Name, Image = new ImageVolume { Reference = disk.Image, PullPolicy = disk.ImagePullPolicy } }],
        { ClaimName: { } claim } => [new Volume { Name = volume.Name, PersistentVolumeClaim = new ClaimVolume { ClaimName = claim, ReadOnly = IsReadOnly(volume) ? true : null } }],
        { HostDisk: { } disk } => [new Volume { Name = volume.Name, HostPath = new HostPathVolume { Path = Path.GetDirectoryName(disk.Path), Type = disk.Type == HostDiskSource.Disk ? "Directory" : "DirectoryOrCreate" } }],
        { CloudInit: { } data } => [.. SecretOf(UserDataVolume(volume.Name), data.SecretRef), .. SecretOf(NetworkDataVolume(volume.Name), data.NetworkDataSecretRef)],
        { ConfigMap: { } map } => [new Volume { Name = volume.Name, ConfigMap = new ConfigMapVolume { Name = map.Name, Optional = map.Optional } }],
        { Secret: { } secret } => [new Volume { Name = volume.Name, Secret = new SecretVolume { SecretName = secret.SecretName, Optional = secret.Optional } }],
        { ServiceAccount: not null } => [new Volume { Name = volume.Name, Projected = Credentials }],
        { DownwardAPI: { } fields } => [new Volume { Name = volume.Name, DownwardApi = new DownwardVolume { Items = fields.Fields } }],
        _ => [],
    };

    private static IEnumerable<Volume> SecretOf(string name, LocalObjectReference? secret) =>
        secret?.Name is { Length: > 0 } from ? [new Volume { Name = name, Secret = new SecretVolume { SecretName = from } }] : [];
}
