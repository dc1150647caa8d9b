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

    /// <summary>On launcher pods: how the node binds the pod's first NIC, as protobuf JSON of the plan's interface.</summary>
    public const string Interface = "migration.internal/interface";

    /// <summary>On pods: the networks to attach beside the first, as Multus reads them. On instances: more of them, for the guest.</summary>
    public const string Networks = "k8s.v1.cni.cncf.io/networks";

    /// <summary>On pods: the networks as they were attached.</summary>
    public const string NetworkStatus = "k8s.v1.cni.cncf.io/network-status";

    /// <summary>On pods: the network that Multus attaches in place of the cluster's.</summary>
    public const string DefaultNetwork = "v1.multus-cni.io/default-network";

    /// <summary>On instances: the generation of the virtual machine that they were made of.</summary>
    public const string Generation = "kubevirt.io/vm-generation";

    /// <summary>On instances: the template's spec that they were made of, as JSON, with what was changed in them since.</summary>
    public const string MadeOf = "migration.internal/made-of";

    /// <summary>On instances: "true" stops the guest's vCPUs for as long as it is there, "false" lets one run that began stopped.</summary>
    public const string Paused = "migration.internal/paused";

    /// <summary>On migrations: seconds that the target pod may be unschedulable.</summary>
    public const string UnschedulableTimeout = "kubevirt.io/migrationUnschedulablePodTimeoutSeconds";

    /// <summary>On migrations: seconds that the target pod may be pending for any other reason.</summary>
    public const string PendingTimeout = "kubevirt.io/migrationPendingPodTimeoutSeconds";

    /// <summary>On migrations that empty a node: that node.</summary>
    public const string EvacuationMigration = "kubevirt.io/evacuationMigration";

    /// <summary>On migrations that put a changed workload into effect.</summary>
    public const string WorkloadUpdateMigration = "kubevirt.io/workloadUpdateMigration";

    /// <summary>On launcher pods whose guest is being moved away because their eviction was asked for.</summary>
    public const string EvictionInProgress = "descheduler.alpha.kubernetes.io/eviction-in-progress";
}
