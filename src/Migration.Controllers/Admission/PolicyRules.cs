using Migration.Api;

namespace Migration.Controllers.Admission;

/// <summary>Which migration policies are let in.</summary>
public static class PolicyRules
{
    public static Verdict Check(Proposal<MigrationPolicy> proposal) =>
        proposal.Object.IsDeleting ? Verdict.Allowed : Verdict.Of(MigrationPolicies.Errors(proposal.Object.Spec)) with { Warnings = Warnings(proposal.Object) };

    private static IReadOnlyList<string> Warnings(MigrationPolicy policy) =>
        [.. MigrationPolicies.NotActedOn(MigrationPolicies.Apply(MigrationConfiguration.Default, policy)).Select(name => $"spec.{name}: not acted on")];
}
