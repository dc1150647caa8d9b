namespace Migration.Kubernetes;

/// <summary>core/v1 PreferredSchedulingTerm.</summary>
public sealed record PreferredNodes : OpenRecord
{
    public int? Weight { get; init; }

    public NodeSelectorTerm? Preference { get; init; }
}
