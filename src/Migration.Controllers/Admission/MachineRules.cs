using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Controllers.VirtualMachines;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>Which virtual machines are let in, and what they are given.</summary>
public static class MachineRules
{
    public static Verdict Check(Proposal<VirtualMachine> proposal)
    {
        var machine = proposal.Object with { Metadata = proposal.Object.Metadata with { Namespace = proposal.Key.Namespace } };
        return machine.IsDeleting || (proposal.Before is { } before && JsonNode.DeepEquals(Spec(before), Spec(machine)))
            ? Verdict.Allowed
            : Verdict.Of(VirtualMachineValidation.Errors(machine)) with { Warnings = Warnings(machine) };
    }

    /// <summary>Machines keep the type they were made with, whatever becomes the default; everything else is filled in when they start.</summary>
    public static VirtualMachine Complete(Proposal<VirtualMachine> proposal)
    {
        var machine = proposal.Object;
        if (machine.IsDeleting || machine.Spec.Template is not { } template || !string.IsNullOrEmpty(template.Spec.Domain.Machine?.Type))
            return machine;
        var domain = template.Spec.Domain with { Machine = (template.Spec.Domain.Machine ?? new MachineType()) with { Type = InstanceDefaults.Machine } };
        return machine with { Spec = machine.Spec with { Template = template with { Spec = template.Spec with { Domain = domain } } } };
    }

    private static JsonNode? Spec(VirtualMachine machine) => KubeVirt.VirtualMachines.ToNode(machine)["spec"];

    private static IReadOnlyList<string> Warnings(VirtualMachine machine)
    {
        if (machine.Spec.Template is not { } template)
            return [];
        var deprecated = machine.Spec.Running is null ? [] : (string[])["spec.running: deprecated, say spec.runStrategy: Always or Halted"];
        var instance = new VirtualMachineInstance { Metadata = template.Metadata ?? ObjectMeta.Empty, Spec = template.Spec };
        var own = VirtualMachineReport.NotActedOn(machine).Select(field => $"{field.Path}: {(field.Essential ? "not supported, so the guest will not be started" : "not acted on")}");
        return [.. deprecated, .. own, .. InstanceRules.Warnings(instance, "spec.template.")];
    }
}
