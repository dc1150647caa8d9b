using Migration.Api;

namespace Migration.Controllers.Migrations;

/// <summary>What the statuses are to say, and the one thing to do once they do.</summary>
/// <param name="Status">The migration's own.</param>
/// <param name="Action">What to do.</param>
/// <param name="Instance">The instance's status, where the migration changes it; written first.</param>
public sealed record MigrationStep(VirtualMachineInstanceMigrationStatus Status, MigrationAction Action, VirtualMachineInstanceStatus? Instance = null);
