using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>When the virtual machine is to run, and what is to run then.</summary>
public sealed record VirtualMachineSpec : OpenRecord
{
    internal static readonly VirtualMachineSpec Empty = new();

    /// <summary>The older way to say Always or Halted; excludes <see cref="RunStrategy"/>.</summary>
    public bool? Running { get; init; }

    /// <summary>One of <see cref="Api.RunStrategy"/>.</summary>
    public string? RunStrategy { get; init; }

    public InstanceTemplate? Template { get; init; }
}
