using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The kinds of deploy/crds that we act on, as KubeVirt and the CNI working group named them.</summary>
public static class KubeVirt
{
    public const string Group = "kubevirt.io";

    public static readonly ResourceKind<VirtualMachine> VirtualMachines =
        new(Group, "v1", "VirtualMachine", "virtualmachines", true, ApiJson.Default.VirtualMachine);

    public static readonly ResourceKind<VirtualMachineInstance> Instances =
        new(Group, "v1", "VirtualMachineInstance", "virtualmachineinstances", true, ApiJson.Default.VirtualMachineInstance);

    public static readonly ResourceKind<VirtualMachineInstanceMigration> Migrations =
        new(Group, "v1", "VirtualMachineInstanceMigration", "virtualmachineinstancemigrations", true, ApiJson.Default.VirtualMachineInstanceMigration);

    public static readonly ResourceKind<NetworkAttachmentDefinition> Networks =
        new("k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition", "network-attachment-definitions", true, ApiJson.Default.NetworkAttachmentDefinition) { HasStatus = false };

    /// <summary>Cluster-wide.</summary>
    public static readonly ResourceKind<MigrationPolicy> Policies =
        new("migrations.kubevirt.io", "v1alpha1", "MigrationPolicy", "migrationpolicies", false, ApiJson.Default.MigrationPolicy);
}
