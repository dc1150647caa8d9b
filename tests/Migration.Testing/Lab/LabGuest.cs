using Migration.Protos;

namespace Migration.Testing.Lab;

/// <summary>A running test guest, and what is needed to move it.</summary>
public sealed class LabGuest
{
    private LabGuest(LabPod pod, string firmwareUuid, string kernelArguments, Machine machine) =>
        (Pod, FirmwareUuid, KernelArguments, Machine) = (pod, firmwareUuid, kernelArguments, machine);

    public LabPod Pod { get; }

    public string FirmwareUuid { get; }

    public string KernelArguments { get; }

    /// <summary>As it was when it ran first.</summary>
    public Machine Machine { get; }

    /// <summary>Plan, network, launcher, and the guest up with its leases. What the plan is to say besides, and which further pod NICs there are, is given.</summary>
    public static async Task<LabGuest> StartAsync(LabNode node, string kernelArguments = "", Action<MachinePlan>? more = null, params IEnumerable<string> lanNics)
    {
        var pod = await node.CreatePodAsync("guest");
        var firmware = Guid.NewGuid().ToString();
        var plan = pod.Plan(firmware, kernelArguments);
        more?.Invoke(plan);
        await node.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan }, deadline: LabNode.Soon());
        await pod.AttachAsync();
        foreach (var nic in lanNics)
            await pod.AddLanAsync(nic);
        pod.StartLauncher();
        await node.WaitForMachineAsync(pod.Uid, MachinePhase.Running);
        await pod.Guest.WaitForAsync("GUEST-UP", CancellationToken.None);
        var machine = await node.WaitForMachineAsync(pod.Uid, machine => machine.Interfaces.All(nic => nic.Leased || nic.LinkState is LinkState.Down), "the guest has its leases");
        return new LabGuest(pod, firmware, kernelArguments, machine);
    }

    /// <summary>The same guest after it has moved.</summary>
    public LabGuest Moved(LabPod pod) => new(pod, FirmwareUuid, KernelArguments, Machine);

    /// <summary>A target pod whose QEMU waits, and both nodes' parts of the migration. Its plan is made of the source's, as the controllers do.</summary>
    public async Task<LabMove> PrepareMoveAsync(LabNode from, LabNode to, MigrationOptions? options = null, Action<MachinePlan>? change = null)
    {
        var source = (await from.Machines.GetMachineAsync(new GetMachineRequest { Id = Pod.Uid }, deadline: LabNode.Soon())).Machine;
        var pod = await to.CreatePodAsync("target");
        var plan = source.Plan.Clone();
        (plan.Id, plan.Pod, plan.Incoming) = (pod.Uid, pod.Identity, true);
        (plan.MachineType, plan.CpuModel, plan.Accelerator) = (source.MachineType, source.CpuModel, source.Accelerator);
        foreach (var nic in plan.Interfaces)
        {
            if (source.Interfaces.FirstOrDefault(status => status.Name == nic.Name) is { } status)
                (nic.Mac, nic.Lease) = (status.Mac, status.Lease);
            if (nic.PodInterface != "eth0" && nic.Delegate is null)
                await pod.AddLanAsync(nic.PodInterface);
        }

        change?.Invoke(plan);
        await to.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan }, deadline: LabNode.Soon());
        await pod.AttachAsync();
        pod.StartLauncher();
        await to.WaitForMachineAsync(pod.Uid, MachinePhase.Incoming);
        return new LabMove(this, from, to, pod, options ?? new());
    }
}
