using System.Net;
using Migration.Api;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>Which migrations are let in. What an instance's state forbids now is refused now, in KubeVirt's words; controllers look again when it is the migration's turn.</summary>
public sealed class MigrationRules(KubernetesClient client)
{
    private readonly ResourceClient<VirtualMachineInstance> _instances = client.For(KubeVirt.Instances);
    private readonly ResourceClient<VirtualMachineInstanceMigration> _migrations = client.For(KubeVirt.Migrations);

    public async Task<Verdict> CheckAsync(Proposal<VirtualMachineInstanceMigration> proposal, CancellationToken ct)
    {
        var job = proposal.Object;
        if (job.IsDeleting)
            return Verdict.Allowed;
        if (proposal.Before is { } before)
            return Verdict.Of(MigrationValidation.ChangeErrors(before, job));
        if (MigrationValidation.Errors(job.Spec) is { Count: > 0 } errors)
            return Verdict.Of(errors);
        // Read from the server: what was made a moment ago is not in an informer yet.
        var key = new ObjectKey(proposal.Key.Namespace, job.Spec.VmiName!);
        return Judge(key, await _instances.FindAsync(key, ct), await RivalsAsync(key, ct));
    }

    /// <summary>What the instance's state forbids.</summary>
    public static Verdict Judge(ObjectKey key, VirtualMachineInstance? instance, IEnumerable<VirtualMachineInstanceMigration> others)
    {
        if (instance is null)
            return Refused($"the VMI \"{key}\" does not exist");
        if (InstancePhase.IsFinal(instance.Status?.Phase))
            return Refused("Cannot migrate VMI in finalized state.");
        if (instance.Status?.Conditions.Find(InstanceCondition.LiveMigratable) is { Status: Condition.False } condition)
            return Refused($"Cannot migrate VMI, Reason: {condition.Reason}, Message: {condition.Message}");
        return others.FirstOrDefault(other => !other.IsFinal) is { } rival
            ? Refused($"in-flight migration detected. Active migration job ({rival.Metadata.Uid}) is currently already in progress for VMI {key.Name}.")
            : Verdict.Allowed;
    }

    /// <summary>A finalizer, so that nothing is left behind, and a label to find it by.</summary>
    public static VirtualMachineInstanceMigration Complete(Proposal<VirtualMachineInstanceMigration> proposal)
    {
        var job = proposal.Object;
        return !proposal.IsCreation || string.IsNullOrEmpty(job.Spec.VmiName)
            ? job
            : job with { Metadata = job.Metadata.WithFinalizer(FinalizerNames.Migration).WithLabel(Labels.MigratedInstance, LauncherPods.LabelValue(job.Spec.VmiName)) };
    }

    // By name, not by label: one that was made while nobody answered here has none.
    private async Task<IEnumerable<VirtualMachineInstanceMigration>> RivalsAsync(ObjectKey instance, CancellationToken ct) =>
        (await _migrations.ListAsync(new ListOptions { Namespace = instance.Namespace }, ct)).Where(job => job.Spec.VmiName == instance.Name);

    private static Verdict Refused(string message) => Verdict.Refused(HttpStatusCode.BadRequest, message);
}
