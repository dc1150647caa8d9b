namespace Migration.Kubernetes;

/// <summary>core/v1 TopologySpreadConstraint.</summary>
public sealed record TopologySpread : OpenRecord
{
    public int? MaxSkew { get; init; }

    public string? TopologyKey { get; init; }

    /// <summary><c>DoNotSchedule</c> (the default) or <c>ScheduleAnyway</c>.</summary>
    public string? WhenUnsatisfiable { get; init; }

    public LabelSelector? LabelSelector { get; init; }
}
