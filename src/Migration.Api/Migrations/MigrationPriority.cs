namespace Migration.Api;

/// <summary>Who goes first when not all can go: <c>spec.priority</c>.</summary>
public static class MigrationPriority
{
    /// <summary>A node is to be emptied.</summary>
    public const string SystemCritical = "system-critical";

    /// <summary>Somebody asked for it; also where nothing is said.</summary>
    public const string UserTriggered = "user-triggered";

    /// <summary>Good for the cluster, and not urgent.</summary>
    public const string SystemMaintenance = "system-maintenance";

    public static bool IsKnown(string priority) => priority is SystemCritical or UserTriggered or SystemMaintenance;

    /// <summary>The higher, the sooner.</summary>
    public static int Weight(string? priority) => priority switch
    {
        SystemCritical => 100,
        SystemMaintenance => 20,
        _ => 50,
    };
}
