using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What instances are made of.</summary>
public sealed record InstanceTemplate : OpenRecord
{
    /// <summary>Labels and annotations of the instance.</summary>
    public ObjectMeta? Metadata { get; init; }

    public VirtualMachineInstanceSpec Spec { get => field ?? VirtualMachineInstanceSpec.Empty; init; }
}
