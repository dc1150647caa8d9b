namespace Migration.Kubernetes;

/// <summary>How a reconciliation ended. Failure is an exception.</summary>
public readonly record struct Outcome
{
    private Outcome(TimeSpan? after) => After = after;

    /// <summary>Nothing more to do until something changes.</summary>
    public static Outcome Done => default;

    /// <summary>When to look again, or null.</summary>
    public TimeSpan? After { get; }

    /// <summary>Look again after a while, even if nothing changes.</summary>
    public static Outcome Again(TimeSpan after) => new(after);
}
