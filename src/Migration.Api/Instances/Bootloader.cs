using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What the guest begins with: <c>spec.domain.firmware.bootloader</c>. At most one is set; BIOS without any.</summary>
public sealed record Bootloader : OpenRecord
{
    public Bios? Bios { get; init; }

    public Efi? Efi { get; init; }
}
