namespace Migration.Api;

/// <summary>The record of when phases were entered.</summary>
public static class Phases
{
    /// <summary>The record with this phase entered now, unless it was entered before.</summary>
    public static IReadOnlyList<PhaseTransition> Entered(this IReadOnlyList<PhaseTransition>? transitions, string phase, DateTimeOffset now) =>
        transitions?.Any(t => t.Phase == phase) == true
            ? transitions
            : [.. transitions ?? [], new PhaseTransition { Phase = phase, PhaseTransitionTimestamp = now }];

    /// <summary>When this phase was entered, if it was.</summary>
    public static DateTimeOffset? When(this IReadOnlyList<PhaseTransition>? transitions, string phase) =>
        transitions?.FirstOrDefault(t => t.Phase == phase)?.PhaseTransitionTimestamp;
}
