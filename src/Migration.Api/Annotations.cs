namespace Migration.Api;

/// <summary>Annotation keys.</summary>
public static class Annotations
{
    /// <summary>On launcher pods: the instance's name.</summary>
    public const string Domain = "kubevirt.io/domain";

    /// <summary>On a migration's target pod: the migration's name.</summary>
    public const string MigrationJobName = "kubevirt.io/migrationJobName";

    /// <summary>On launcher pods: the container that kubectl logs and exec mean.</summary>
    public const string DefaultContainer = "kubectl.kubernetes.io/default-container";

    /// <summary>On migrations: seconds that the target pod may be unschedulable.</summary>
    public const string UnschedulableTimeout = "kubevirt.io/migrationUnschedulablePodTimeoutSeconds";

    /// <summary>On migrations: seconds that the target pod may be pending for any other reason.</summary>
    public const string PendingTimeout = "kubevirt.io/migrationPendingPodTimeoutSeconds";
}
