using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Boots a kernel out of an image, without a disk.</summary>
public sealed record KernelBoot : OpenRecord
{
    public KernelBootContainer? Container { get; init; }

    public string? KernelArgs { get; init; }
}
