using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>metav1.GroupVersionKind.</summary>
public sealed record GroupKind : OpenRecord
{
    public string? Group { get; init; }

    public string? Version { get; init; }

    public string? Kind { get; init; }
}
