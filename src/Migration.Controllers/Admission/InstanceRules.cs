using Migration.Api;

namespace Migration.Controllers.Admission;

/// <summary>Which instances are let in.</summary>
internal static class InstanceRules
{
    public static Verdict Check(Proposal<VirtualMachineInstance> proposal)
    {
        var instance = proposal.Object with { Metadata = proposal.Object.Metadata with { Namespace = proposal.Key.Namespace } };
        return Verdict.Of(InstanceValidation.Errors(instance, instance.CompleteSpec()));
    }
}
