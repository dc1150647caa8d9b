namespace Migration.Kubernetes;

/// <summary>metav1.ListMeta.</summary>
public sealed record ListMeta : OpenRecord
{
    public string? ResourceVersion { get; init; }

    /// <summary>Where the next page starts; empty on the last one.</summary>
    public string? Continue { get; init; }

    public long? RemainingItemCount { get; init; }
}
