using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The image that holds kernel and initrd.</summary>
public sealed record KernelBootContainer : OpenRecord
{
    public string Image { get => field ?? ""; init; }

    public string? ImagePullPolicy { get; init; }

    public string? ImagePullSecret { get; init; }

    public string? KernelPath { get; init; }

    public string? InitrdPath { get; init; }
}
