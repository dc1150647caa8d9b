using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>kubevirt.io/v1 VirtualMachine: a virtual machine that lasts, whether it runs or not.</summary>
public sealed record VirtualMachine : KubernetesObject
{
    public VirtualMachineSpec Spec { get => field ?? VirtualMachineSpec.Empty; init; }

    public VirtualMachineStatus? Status { get; init; }

    /// <summary>One of <see cref="Api.RunStrategy"/>, however the spec says it; a spec that says nothing means halted.</summary>
    [JsonIgnore]
    public string RunStrategy => Spec switch
    {
        { RunStrategy: { Length: > 0 } strategy } => strategy,
        { Running: true } => Api.RunStrategy.Always,
        _ => Api.RunStrategy.Halted,
    };
}
