namespace Migration.Api;

/// <summary>What becomes of a guest when its pod is to be evicted: <c>spec.evictionStrategy</c>.</summary>
public static class EvictionStrategy
{
    /// <summary>The pod goes, and the guest shuts down. Where nothing is said.</summary>
    public const string None = "None";

    /// <summary>The guest moves; if it cannot, the pod stays.</summary>
    public const string LiveMigrate = "LiveMigrate";

    /// <summary>The guest moves; if it cannot, the pod goes.</summary>
    public const string LiveMigrateIfPossible = "LiveMigrateIfPossible";

    /// <summary>Somebody else sees to it; the pod stays until then.</summary>
    public const string External = "External";

    public static bool IsKnown(string strategy) => strategy is None or LiveMigrate or LiveMigrateIfPossible or External;
}
