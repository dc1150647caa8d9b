using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>kubevirt.io/v1 VirtualMachineInstance: a virtual machine that runs, or is to run.</summary>
public sealed record VirtualMachineInstance : KubernetesObject
{
    private const string StartPaused = "Paused";

    public VirtualMachineInstanceSpec Spec { get => field ?? VirtualMachineInstanceSpec.Empty; init; }

    public VirtualMachineInstanceStatus? Status { get; init; }

    /// <summary>
    /// Whether the guest's vCPUs are to be stopped: the annotation says so, or, where there is none, the spec of one that is to
    /// begin so.
    /// </summary>
    [JsonIgnore]
    public bool IsToPause => Metadata.Annotation(Annotations.Paused) is { } asked ? asked == "true" : Spec.StartStrategy == StartPaused;

    /// <summary>The spec with every default filled in, and with the networks that the annotation asks for.</summary>
    public VirtualMachineInstanceSpec CompleteSpec() => InstanceNetworks.Complete(InstanceDefaults.Complete(Spec, Metadata.Uid ?? ""), this);
}
