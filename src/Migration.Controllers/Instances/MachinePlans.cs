using Google.Protobuf.WellKnownTypes;
using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Controllers.Networks;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Instances;

/// <summary>What nodes are told to run.</summary>
public static class MachinePlans
{
    /// <summary>The instance, started in this pod.</summary>
    public static MachinePlan Starting(VirtualMachineInstance instance, Pod pod, ResolvedNetworks networks, InstanceClaims? claims = null)
    {
        var spec = instance.CompleteSpec();
        var domain = spec.Domain;
        var plan = new MachinePlan
        {
            Id = pod.Uid,
            Pod = Identity(pod),
            InstanceNamespace = instance.Metadata.Namespace ?? "",
            InstanceName = instance.Metadata.Name ?? "",
            InstanceUid = instance.Metadata.Uid ?? "",
            FirmwareUuid = domain.Firmware!.Uuid!,
            Sockets = (uint)domain.Cpu!.Sockets!,
            Cores = (uint)domain.Cpu.Cores!,
            Threads = (uint)domain.Cpu.Threads!,
            MemoryBytes = (ulong)MachineResources.GuestMemory(domain),
            MachineType = PinnedMachine(instance, domain),
            CpuModel = CpuModel(domain.Cpu.Model),
            Paused = instance.IsToPause,
            TerminationGracePeriod = Duration.FromTimeSpan(TimeSpan.FromSeconds(spec.TerminationGracePeriodSeconds ?? 0)),
            Firmware = DiskPlans.FirmwareOf(domain),
            KernelBoot = domain.Firmware.KernelBoot is { Container: { } } boot ? Boot(boot) : null,
        };
        plan.Disks.AddRange(DiskPlans.Of(instance, spec, claims ?? InstanceClaims.None));
        plan.Interfaces.AddRange(InstanceNetworks.Of(instance, PodNetworks.Names(pod)).Where(guest => !guest.Interface.IsAbsent).Select(guest => MachineInterfaces.Of(guest, domain, networks)));
        return plan;
    }

    /// <summary>
    /// The guest that runs on the source, arriving in this pod. What the source really runs is what counts, not what
    /// the spec says by now: layout, models, accelerator, MACs and leases are the guest's, and it keeps them. Only what
    /// its NICs are connected to is the target's own.
    /// </summary>
    public static MachinePlan Arriving(Machine source, VirtualMachineInstance instance, Pod pod, ResolvedNetworks networks)
    {
        var plan = source.Plan.Clone();
        plan.Id = pod.Uid;
        plan.Pod = Identity(pod);
        plan.Incoming = true;
        plan.Paused = source.Paused;
        plan.MachineType = source.MachineType;
        plan.CpuModel = source.CpuModel;
        plan.Accelerator = source.Accelerator;
        foreach (var disk in plan.Disks)
            DiskPlans.Pin(disk, source);
        var guests = InstanceNetworks.Of(instance, PodNetworks.Names(pod)).ToDictionary(guest => guest.Name);
        foreach (var nic in plan.Interfaces)
        {
            Keep(nic, source.Interfaces.FirstOrDefault(status => status.Name == nic.Name));
            Connect(nic, guests.GetValueOrDefault(nic.Name), networks);
        }
        return plan;
    }

    private static void Keep(Protos.Interface nic, InterfaceStatus? status)
    {
        if (status is null)
            return;
        nic.Mac = status.Mac;
        nic.Lease = status.Lease is { Mac.Length: > 0 } lease ? lease.Clone() : null;
        nic.Queues = status.Queues > 0 ? status.Queues : nic.Queues;
        nic.LinkState = status.LinkState is LinkState.Unspecified ? nic.LinkState : status.LinkState;
    }

    private static void Connect(Protos.Interface nic, GuestNetwork? guest, ResolvedNetworks networks)
    {
        if (guest is not null)
            nic.PodInterface = networks.PodInterface(guest);
        if (networks.ByMultus)
            nic.Delegate = null;
        else if (networks.Delegates.TryGetValue(nic.Name, out var plan))
            nic.Delegate = plan.Clone();
        if (nic.Delegate is { Mac.Length: 0 } && networks.OfOneMac.Contains(nic.Name))
            nic.Delegate.Mac = nic.Mac;
    }

    private static PodIdentity Identity(Pod pod) => new() { Namespace = pod.Metadata.Namespace ?? "", Name = pod.Metadata.Name ?? "", Uid = pod.Uid };

    // A guest keeps the versioned type it was started with; an alias lets the node choose the version.
    private static string PinnedMachine(VirtualMachineInstance instance, Domain domain) =>
        instance.Status?.Machine?.Type ?? (domain.Machine?.Type is InstanceDefaults.Machine or null ? "" : domain.Machine.Type);

    private static string CpuModel(string? model) => model switch
    {
        null or "" or "host-model" => "",
        "host-passthrough" => "host",
        _ => model,
    };

    private static Protos.KernelBoot Boot(Api.KernelBoot boot) => new()
    {
        Volume = LauncherPods.KernelBootVolume,
        KernelPath = boot.Container!.KernelPath ?? "",
        InitrdPath = boot.Container.InitrdPath ?? "",
        KernelArguments = boot.KernelArgs ?? "",
    };
}
