using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>kubevirt.io/v1 VirtualMachineInstanceMigration: one live migration of one instance.</summary>
public sealed record VirtualMachineInstanceMigration : KubernetesObject
{
    public VirtualMachineInstanceMigrationSpec Spec { get => field ?? VirtualMachineInstanceMigrationSpec.Empty; init; }

    public VirtualMachineInstanceMigrationStatus? Status { get; init; }

    /// <summary>Whether it has ended, well or badly.</summary>
    [JsonIgnore]
    public bool IsFinal => MigrationJobPhase.IsFinal(Status?.Phase);

    /// <summary>The instance that moves.</summary>
    [JsonIgnore]
    public ObjectKey InstanceKey => new(Metadata.Namespace ?? "", Spec.VmiName ?? "");
}
