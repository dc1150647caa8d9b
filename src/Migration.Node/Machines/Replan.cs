using System.Text.Json;
using Migration.Node.Networks;
using Migration.Node.State;

namespace Migration.Node.Machines;

/// <summary>What becomes of a machine whose plan is pushed again, perhaps changed.</summary>
internal static class Replan
{
    public static MachineRecord Of(MachineRecord record, MachinePlan plan)
    {
        if (Same(record.Plan, plan))
            return record;
        if (record.LaunchId is null)
            return record with { Plan = plan, Paused = plan.Paused };
        // What was left to the node and is now named as the node chose it is no change; nor is that it once arrived.
        var asStarted = plan with
        {
            MachineType = record.Plan.MachineType.Length == 0 && plan.MachineType == record.MachineType ? "" : plan.MachineType,
            CpuModel = record.Plan.CpuModel.Length == 0 && plan.CpuModel == record.CpuModel ? "" : plan.CpuModel,
            Accelerator = record.Plan.Accelerator is Accelerator.Auto && plan.Accelerator == record.Accelerator ? Accelerator.Auto : plan.Accelerator,
            Incoming = record.Plan.Incoming,
            Paused = record.Plan.Paused,
            GracePeriod = record.Plan.GracePeriod,
            Interfaces = record.Plan.Interfaces,
        };
        if (!Same(record.Plan, asStarted))
            throw new RefusedException(Refusal.NotNow, $"machine {plan.Id} runs; only its grace period and its interfaces can be changed");
        record = WithInterfaces(record, plan.Interfaces);
        return plan.GracePeriod == record.Plan.GracePeriod
            ? record
            : record with { Plan = record.Plan with { GracePeriod = plan.GracePeriod } };
    }

    /// <summary>A started machine is to have these interfaces: new ones wait to be plugged in, missing ones are to leave.</summary>
    public static MachineRecord WithInterfaces(MachineRecord record, IReadOnlyList<InterfacePlan> wanted)
    {
        var present = record.Plan.Interfaces;
        var next = wanted.Select(nic => present.FirstOrDefault(one => one.Name == nic.Name) is { } one ? Kept(record, one, nic) : nic with { Slot = null }).ToList();
        return next.SequenceEqual(present, ReferenceEqualityComparer.Instance)
            ? record
            : record with
            {
                Plan = record.Plan with { Interfaces = next },
                Leaving = [.. record.Leaving, .. present.Where(nic => wanted.All(one => one.Name != nic.Name))],
            };
    }

    /// <summary>
    /// The link may change; the rest is as it was made. A lease is for arrivals, what a delegate was told has been done, and a MAC that
    /// was left to the node and is now named is no change.
    /// </summary>
    private static InterfacePlan Kept(MachineRecord record, InterfacePlan present, InterfacePlan wanted)
    {
        var asMade = wanted with
        {
            LinkState = present.LinkState,
            Lease = present.Lease,
            Slot = present.Slot,
            Mac = wanted.Mac.Length == 0 || present.Mac.Length == 0 ? present.Mac : wanted.Mac,
            Delegate = wanted.Delegate?.Name == present.Delegate?.Name ? present.Delegate : wanted.Delegate,
        };
        if (Json(asMade) != Json(present))
            throw new RefusedException(Refusal.NotNow, $"machine {record.Plan.Id} runs; of its interface {present.Name} only the link state can be changed: take it out and add another");
        return wanted.LinkState == present.LinkState ? present : present with { LinkState = wanted.LinkState };
    }

    /// <summary>Lists compare by reference in records; their JSON compares by content.</summary>
    private static bool Same(MachinePlan one, MachinePlan other) => Json(one) == Json(other);

    private static string Json(InterfacePlan nic) => JsonSerializer.Serialize(nic, NodeJson.Default.InterfacePlan);

    private static string Json(MachinePlan plan) =>
        JsonSerializer.Serialize(new MachineRecord { Plan = plan }, NodeJson.Default.MachineRecord);
}
