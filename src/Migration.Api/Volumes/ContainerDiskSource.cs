using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A disk image inside a container image. What the guest writes goes with its pod.</summary>
public sealed record ContainerDiskSource : OpenRecord
{
    public string Image { get => field ?? ""; init; }

    public string? ImagePullPolicy { get; init; }

    public string? ImagePullSecret { get; init; }

    /// <summary>Where in the image; the only file in <c>/disk</c> where nothing is said.</summary>
    public string? Path { get; init; }
}
