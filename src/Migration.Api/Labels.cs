namespace Migration.Api;

/// <summary>Label keys and the values that stand for themselves.</summary>
public static class Labels
{
    /// <summary>On launcher pods, with the value <see cref="Launcher"/>.</summary>
    public const string App = "kubevirt.io";

    public const string Launcher = "virt-launcher";

    /// <summary>On launcher pods: the instance's UID.</summary>
    public const string CreatedBy = "kubevirt.io/created-by";

    /// <summary>On launcher pods: the instance's name, cut to what a label can hold.</summary>
    public const string InstanceName = "vm.kubevirt.io/name";

    /// <summary>On a migration's target pod: the migration's UID.</summary>
    public const string MigrationJobUid = "kubevirt.io/migrationJobUID";

    /// <summary>On a launcher pod that the guest has left, and that keeps its address on the pod network.</summary>
    public const string Anchor = "migration.internal/anchor";

    /// <summary>On instances: the node that runs the guest.</summary>
    public const string NodeName = "kubevirt.io/nodeName";

    /// <summary>On migrations: the instance that moves.</summary>
    public const string MigratedInstance = "kubevirt.io/vmi-name";

    /// <summary>On nodes.</summary>
    public const string HostName = "kubernetes.io/hostname";
}
