using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>QEMU machine type.</summary>
public sealed record MachineType : OpenRecord
{
    public string? Type { get; init; }
}
