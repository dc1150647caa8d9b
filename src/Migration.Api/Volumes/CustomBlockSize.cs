using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Sector sizes in bytes.</summary>
public sealed record CustomBlockSize : OpenRecord
{
    public int? Logical { get; init; }

    public int? Physical { get; init; }

    public int? DiscardGranularity { get; init; }
}
