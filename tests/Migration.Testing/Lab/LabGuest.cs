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

    /// <summary>Plan, network, launcher, and the guest up with its lease.</summary>
    public static async Task<LabGuest> StartAsync(LabNode node, string kernelArguments = "")
    {
        var pod = await node.CreatePodAsync("guest");
        var firmware = Guid.NewGuid().ToString();
        await node.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = pod.Plan(firmware, kernelArguments) }, deadline: LabNode.Soon());
        await pod.AttachAsync();
        pod.StartLauncher();
        await node.WaitForMachineAsync(pod.Uid, MachinePhase.Running);
        await pod.Guest.WaitForAsync("GUEST-UP", CancellationToken.None);
        var machine = await node.WaitForMachineAsync(pod.Uid, machine => machine.Interfaces.All(nic => nic.Leased), "the guest has its lease");
        return new LabGuest(pod, firmware, kernelArguments, machine);
    }

    /// <summary>The same guest after it has moved.</summary>
    public LabGuest Moved(LabPod pod) => new(pod, FirmwareUuid, KernelArguments, Machine);

    /// <summary>A target pod whose QEMU waits, and both nodes' parts of the migration.</summary>
    public async Task<LabMove> PrepareMoveAsync(LabNode from, LabNode to, MigrationOptions? options = null)
    {
        var pod = await to.CreatePodAsync("target");
        var plan = pod.Plan(FirmwareUuid, KernelArguments);
        (plan.Incoming, plan.MachineType, plan.CpuModel, plan.Accelerator) = (true, Machine.MachineType, Machine.CpuModel, Machine.Accelerator);
        plan.Interfaces[0].Lease = Machine.Interfaces[0].Lease;
        await to.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan }, deadline: LabNode.Soon());
        await pod.AttachAsync();
        pod.StartLauncher();
        await to.WaitForMachineAsync(pod.Uid, MachinePhase.Incoming);
        return new LabMove(this, from, to, pod, options ?? new());
    }
}
