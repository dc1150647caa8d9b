using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Controllers.Networks;
using Migration.Kubernetes;

namespace Migration.Controllers.Pods;

/// <summary>
/// The pods that machines run in. One template for the first pod of an instance and for the target of a migration;
/// names are derived from the UID of what asked for the pod, so that asking twice makes one pod.
/// </summary>
public sealed class LauncherPods(string launcherImage)
{
    public const string Container = "compute";
    public const string KernelBootVolume = "kernel-boot";

    private const string SocketsVolume = "sockets";
    private const string SocketsPath = "/run/migration-launcher";
    private const string VolumesPath = "/run/migration-volumes";
    private const long User = 107;
    private const int LongestHostName = 63;

    // The guest gets its grace period; ending QEMU and the launcher takes a moment more.
    private const long GraceAfterGuest = 15;

    /// <summary>The pod that the instance starts in.</summary>
    public Pod First(VirtualMachineInstance instance, InstanceClaims? claims = null)
    {
        var pod = Template(instance, Name(instance, instance.Metadata.Uid!), [], claims ?? InstanceClaims.None);
        return pod with { Metadata = pod.Metadata with { Annotations = Merge(pod.Metadata.Annotations, PodNetworks.Binding(instance)) } };
    }

    /// <summary>The pod that the instance is to move to.</summary>
    /// <param name="instance">As it is.</param>
    /// <param name="migration">What asks for the pod.</param>
    /// <param name="networks">What became of the instance's networks.</param>
    /// <param name="required">Labels of nodes that can run what the guest runs with.</param>
    public Pod Target(VirtualMachineInstance instance, VirtualMachineInstanceMigration migration, ResolvedNetworks networks, IReadOnlyDictionary<string, string> required)
    {
        var known = (instance.Status?.Interfaces ?? []).Where(nic => networks.OfOneMac.Contains(nic.Name ?? ""));
        var pod = Template(instance, Name(instance, migration.Metadata.Uid!), known, InstanceClaims.Of(instance.Status));
        return pod with
        {
            Metadata = pod.Metadata
                .WithLabel(Labels.MigrationJobUid, migration.Metadata.Uid!)
                .WithAnnotation(Annotations.MigrationJobName, migration.Metadata.Name!),
            Spec = pod.Spec! with
            {
                // The instance's own selectors win: a migration can only narrow the choice.
                NodeSelector = Merge(Merge(migration.Spec.AddedNodeSelector, instance.Spec.NodeSelector), required) is { Count: > 0 } selector ? selector : null,
                Affinity = ApartFromTheOthers(instance),
            },
        };
    }

    /// <summary>The name of the pod that this UID (an instance's or a migration's) asks for.</summary>
    public static string Name(VirtualMachineInstance instance, string uid) => $"virt-launcher-{instance.Metadata.Name}-{Suffix(uid)}";

    private Pod Template(VirtualMachineInstance instance, string name, IEnumerable<InterfaceObservation> known, InstanceClaims claims)
    {
        var spec = instance.CompleteSpec();
        return new Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new ObjectMeta
            {
                Name = name,
                Namespace = instance.Metadata.Namespace,
                Labels = PodLabels(instance),
                Annotations = PodAnnotations(instance, known),
                OwnerReferences = [instance.AsOwner()],
            },
            Spec = Spec(instance, spec, new PodDisks(spec, claims)),
        };
    }

    private PodSpec Spec(VirtualMachineInstance instance, VirtualMachineInstanceSpec spec, PodDisks disks) => new()
    {
        RestartPolicy = "Never",
        EnableServiceLinks = false,
        AutomountServiceAccountToken = false,
        TerminationGracePeriodSeconds = spec.TerminationGracePeriodSeconds + GraceAfterGuest,
        SecurityContext = new PodSecurityContext
        {
            RunAsUser = User,
            RunAsGroup = User,
            FsGroup = User,
            RunAsNonRoot = true,
            SeccompProfile = new SeccompProfile { Type = "RuntimeDefault" },
        },
        // Services select all pods of the instance by its labels; one of them leads to the guest.
        ReadinessGates = [new PodReadinessGate { ConditionType = PodCondition.Serving }],
        Containers = [Compute(spec, disks)],
        ServiceAccountName = disks.ServiceAccount,
        Volumes = [.. Volumes(spec), .. disks.Volumes],
        ImagePullSecrets = PullSecrets(spec, disks) is { Count: > 0 } secrets ? secrets : null,
        NodeSelector = spec.NodeSelector,
        Affinity = spec.Affinity,
        Tolerations = spec.Tolerations,
        SchedulerName = spec.SchedulerName,
        PriorityClassName = spec.PriorityClassName,
        DnsPolicy = spec.DnsPolicy,
        Hostname = HostName(spec.Hostname ?? instance.Metadata.Name!),
        Subdomain = spec.Subdomain,
        Unknown = PassedThrough(spec),
    };

    private static List<LocalObjectReference> PullSecrets(VirtualMachineInstanceSpec spec, PodDisks disks)
    {
        var secrets = disks.PullSecrets;
        if (spec.Domain.Firmware?.KernelBoot?.Container?.ImagePullSecret is { Length: > 0 } secret)
            secrets = secrets.Prepend(secret);
        return [.. secrets.Distinct().Select(name => new LocalObjectReference { Name = name })];
    }

    private Container Compute(VirtualMachineInstanceSpec spec, PodDisks disks) => new()
    {
        Name = Container,
        Image = launcherImage,
        Command = ["migration-launcher"],
        Args = ["--socket", SocketsPath + "/launcher.sock"],
        Resources = MachineResources.Of(spec.Domain),
        SecurityContext = new SecurityContext
        {
            RunAsUser = User,
            RunAsGroup = User,
            RunAsNonRoot = true,
            AllowPrivilegeEscalation = false,
            Capabilities = new Capabilities { Drop = ["ALL"] },
        },
        VolumeMounts =
        [
            .. Volumes(spec).Select(volume => new VolumeMount { Name = volume.Name, MountPath = MountPath(volume.Name!), ReadOnly = volume.Image is null ? null : true }),
            .. disks.Mounts,
        ],
        VolumeDevices = disks.Devices.ToList() is { Count: > 0 } devices ? devices : null,
    };

    private static IEnumerable<Volume> Volumes(VirtualMachineInstanceSpec spec)
    {
        yield return new Volume { Name = SocketsVolume, EmptyDir = new EmptyDirVolume() };
        if (spec.Domain.Firmware?.KernelBoot?.Container is { } boot)
            yield return new Volume { Name = KernelBootVolume, Image = new ImageVolume { Reference = boot.Image, PullPolicy = boot.ImagePullPolicy } };
    }

    private static string MountPath(string volume) => volume == SocketsVolume ? SocketsPath : $"{VolumesPath}/{volume}";

    private static Dictionary<string, string> PodLabels(VirtualMachineInstance instance) => Merge(instance.Metadata.Labels, new Dictionary<string, string>
    {
        [Labels.App] = Labels.Launcher,
        [Labels.CreatedBy] = instance.Metadata.Uid!,
        [Labels.InstanceName] = LabelValue(instance.Metadata.Name!),
    });

    private static Dictionary<string, string> PodAnnotations(VirtualMachineInstance instance, IEnumerable<InterfaceObservation> known) => Merge(
        instance.Metadata.Annotations?.Where(annotation => annotation.Key != "kubectl.kubernetes.io/last-applied-configuration" && !PodNetworks.IsReserved(annotation.Key)).ToDictionary(),
        new Dictionary<string, string>(PodNetworks.Asked(instance, known))
        {
            [Annotations.Domain] = instance.Metadata.Name!,
            [Annotations.DefaultContainer] = Container,
        });

    // No two pods of one instance on one node: the guest moves away, and never has two homes in one place.
    private static Affinity ApartFromTheOthers(VirtualMachineInstance instance)
    {
        var affinity = instance.Spec.Affinity ?? new Affinity();
        var apart = affinity.PodAntiAffinity ?? new PodAffinity();
        return affinity with
        {
            PodAntiAffinity = apart with
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                [
                    .. apart.RequiredDuringSchedulingIgnoredDuringExecution ?? [],
                    new PodAffinityTerm
                    {
                        LabelSelector = new LabelSelector
                        {
                            MatchLabels = new Dictionary<string, string> { [Labels.CreatedBy] = instance.Metadata.Uid! },
                            // A guest may come back to where its address was kept.
                            MatchExpressions = [new SelectorRequirement { Key = Labels.Anchor, Operator = "DoesNotExist" }],
                        },
                        TopologyKey = Labels.HostName,
                    },
                ],
            },
        };
    }

    // Fields of a pod's spec that its record does not type.
    private static Dictionary<string, JsonElement>? PassedThrough(VirtualMachineInstanceSpec spec)
    {
        var fields = new Dictionary<string, JsonElement>();
        if (spec.DnsConfig is { } dns)
            fields["dnsConfig"] = dns;
        if (spec.TopologySpreadConstraints is { } constraints)
            fields["topologySpreadConstraints"] = constraints;
        return fields.Count == 0 ? null : fields;
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string>? under, IReadOnlyDictionary<string, string>? over)
    {
        var merged = new Dictionary<string, string>(under ?? new Dictionary<string, string>());
        foreach (var (key, value) in over ?? new Dictionary<string, string>())
            merged[key] = value;
        return merged;
    }

    // A host name is a DNS label; an instance's name may be longer and hold dots.
    private static string HostName(string name)
    {
        var label = name.Split('.')[0];
        return (label.Length > LongestHostName ? label[..LongestHostName] : label).TrimEnd('-');
    }

    /// <summary>The name as far as a label can hold it.</summary>
    public static string LabelValue(string name) => name.Length > LongestHostName ? name[..LongestHostName].TrimEnd('-', '.') : name;

    /// <summary>Five characters that are the same for the same text, and safe in any name.</summary>
    public static string Suffix(string uid)
    {
        const string alphabet = "bcdfghjklmnpqrstvwxz2456789";
        return string.Concat(SHA256.HashData(Encoding.UTF8.GetBytes(uid)).Take(5).Select(value => alphabet[value % alphabet.Length]));
    }
}
