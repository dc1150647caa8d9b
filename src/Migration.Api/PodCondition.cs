namespace Migration.Api;

/// <summary>Conditions of ours on launcher pods.</summary>
public static class PodCondition
{
    /// <summary>A readiness gate: whether the guest is reached at this pod's address. Of an instance's pods one alone has it true, also while it moves.</summary>
    public const string Serving = "migration.internal/serving";
}
