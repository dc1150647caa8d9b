using Migration.Api;

namespace Migration.Controllers.Admission;

/// <summary>Which instances are let in, and what they are given.</summary>
public static class InstanceRules
{
    /// <remarks>
    /// Only what is changed is judged: an instance that came in while nobody answered here can still be labelled and
    /// deleted.
    /// </remarks>
    public static Verdict Check(Proposal<VirtualMachineInstance> proposal)
    {
        var instance = Named(proposal);
        if (proposal.Before is not { } before)
            return Verdict.Of(InstanceValidation.Errors(instance, instance.CompleteSpec())) with { Warnings = Warnings(instance) };
        if (instance.IsDeleting || !InstanceChanges.IsAnother(before, instance))
            return Verdict.Allowed;
        var restricted = InstanceChanges.Errors(before, instance);
        return Verdict.Of(restricted.Count > 0 ? restricted : InstanceValidation.Errors(instance, instance.CompleteSpec())) with { Warnings = Warnings(instance) };
    }

    /// <summary>What controllers take an instance to be, written into it. Its firmware's UUID is its own UID, which not every server gives in time.</summary>
    public static VirtualMachineInstance Complete(Proposal<VirtualMachineInstance> proposal, string evictionStrategy)
    {
        var instance = proposal.Object;
        if (instance.IsDeleting)
            return instance;
        var spec = InstanceDefaults.Complete(instance.Spec, instance.Metadata.Uid ?? "");
        var firmware = string.IsNullOrEmpty(instance.Metadata.Uid) ? instance.Spec.Domain.Firmware : spec.Domain.Firmware;
        var eviction = string.IsNullOrEmpty(spec.EvictionStrategy) ? evictionStrategy : spec.EvictionStrategy;
        return instance with { Spec = spec with { EvictionStrategy = eviction, Domain = spec.Domain with { Firmware = firmware } } };
    }

    internal static IReadOnlyList<string> Warnings(VirtualMachineInstance instance, string prefix = "") =>
        [.. UnsupportedFields.Of(instance.CompleteSpec()).Select(field => $"{prefix}{field.Path}: {(field.Essential ? "not supported, so the guest will not be started" : "not acted on")}")];

    private static VirtualMachineInstance Named(Proposal<VirtualMachineInstance> proposal) =>
        proposal.Object with { Metadata = proposal.Object.Metadata with { Namespace = proposal.Key.Namespace } };
}
