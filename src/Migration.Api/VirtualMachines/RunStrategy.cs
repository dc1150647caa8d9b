namespace Migration.Api;

/// <summary>When a virtual machine has an instance: <c>spec.runStrategy</c>.</summary>
public static class RunStrategy
{
    /// <summary>For ever; whenever it ends, it is started again.</summary>
    public const string Always = "Always";

    public const string Halted = "Halted";

    /// <summary>Started and stopped by requests only.</summary>
    public const string Manual = "Manual";

    /// <summary>Started again when it failed, not when the guest shut down.</summary>
    public const string RerunOnFailure = "RerunOnFailure";

    /// <summary>Started once, and never again.</summary>
    public const string Once = "Once";

    public static readonly IReadOnlyList<string> All = [Always, Halted, Manual, RerunOnFailure, Once];
}
