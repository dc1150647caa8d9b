namespace Migration.Api;

/// <summary>What is wrong with a migration's spec, one message each, with the path of the field.</summary>
public static class MigrationValidation
{
    public static IReadOnlyList<string> Errors(VirtualMachineInstanceMigrationSpec spec)
    {
        var errors = new List<string>();
        if (string.IsNullOrEmpty(spec.VmiName))
            errors.Add("spec.vmiName: required");
        if (spec.SendTo is not null)
            errors.Add("spec.sendTo: migration to another cluster is not supported");
        if (spec.Receive is not null)
            errors.Add("spec.receive: migration from another cluster is not supported");
        if (spec.Priority is { Length: > 0 } priority && !MigrationPriority.IsKnown(priority))
            errors.Add($"spec.priority: '{priority}' is none of {MigrationPriority.SystemCritical}, {MigrationPriority.UserTriggered}, {MigrationPriority.SystemMaintenance}");
        return errors;
    }

    /// <summary>What is wrong with a change: a migration is begun as it was asked for.</summary>
    public static IReadOnlyList<string> ChangeErrors(VirtualMachineInstanceMigration before, VirtualMachineInstanceMigration after) =>
        KubeVirt.Migrations.Same(before with { Metadata = after.Metadata, Status = after.Status }, after) ? [] : ["spec: update of Migration object's spec is restricted"];
}
