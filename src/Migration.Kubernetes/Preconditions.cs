namespace Migration.Kubernetes;

/// <summary>metav1.Preconditions: what must hold for a deletion to happen; otherwise 409.</summary>
public sealed record Preconditions : OpenRecord
{
    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}
