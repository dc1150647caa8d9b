using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>kubevirt.io/v1 VirtualMachineInstance: a virtual machine that runs, or is to run.</summary>
public sealed record VirtualMachineInstance : KubernetesObject
{
    public VirtualMachineInstanceSpec Spec { get => field ?? VirtualMachineInstanceSpec.Empty; init; }

    public VirtualMachineInstanceStatus? Status { get; init; }

    /// <summary>The spec with every default filled in, and with the networks that the annotation asks for.</summary>
    public VirtualMachineInstanceSpec CompleteSpec() => InstanceNetworks.Complete(InstanceDefaults.Complete(Spec, Metadata.Uid ?? ""), this);
}
