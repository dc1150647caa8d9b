using System.Text.Json;
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
            return record with { Plan = plan };
        // What was left to the node and is now named as the node chose it is no change; nor is that it once arrived.
        var asStarted = plan with
        {
            MachineType = record.Plan.MachineType.Length == 0 && plan.MachineType == record.MachineType ? "" : plan.MachineType,
            CpuModel = record.Plan.CpuModel.Length == 0 && plan.CpuModel == record.CpuModel ? "" : plan.CpuModel,
            Accelerator = record.Plan.Accelerator is Accelerator.Auto && plan.Accelerator == record.Accelerator ? Accelerator.Auto : plan.Accelerator,
            Incoming = record.Plan.Incoming,
            GracePeriod = record.Plan.GracePeriod,
        };
        if (!Same(record.Plan, asStarted))
            throw new RefusedException(Refusal.NotNow, $"machine {plan.Id} runs; only its grace period can be changed");
        return plan.GracePeriod == record.Plan.GracePeriod
            ? record
            : record with { Plan = record.Plan with { GracePeriod = plan.GracePeriod } };
    }

    /// <summary>Lists compare by reference in records; their JSON compares by content.</summary>
    private static bool Same(MachinePlan one, MachinePlan other) => Json(one) == Json(other);

    private static string Json(MachinePlan plan) =>
        JsonSerializer.Serialize(new MachineRecord { Plan = plan }, NodeJson.Default.MachineRecord);
}
