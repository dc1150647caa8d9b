using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>SMBIOS identity and how the guest boots.</summary>
public sealed record Firmware : OpenRecord
{
    public string? Uuid { get; init; }

    public Bootloader? Bootloader { get; init; }

    public KernelBoot? KernelBoot { get; init; }
}
