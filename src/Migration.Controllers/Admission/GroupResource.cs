using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>metav1.GroupVersionResource.</summary>
public sealed record GroupResource : OpenRecord
{
    public string? Group { get; init; }

    public string? Version { get; init; }

    public string? Resource { get; init; }
}
