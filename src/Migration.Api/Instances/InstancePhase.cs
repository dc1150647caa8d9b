namespace Migration.Api;

/// <summary>Where an instance is in its life: <c>status.phase</c>.</summary>
public static class InstancePhase
{
    /// <summary>Accepted; nothing was created for it yet.</summary>
    public const string Pending = "Pending";

    /// <summary>Its launcher pod waits for a node.</summary>
    public const string Scheduling = "Scheduling";

    /// <summary>Its launcher pod has a node, which is getting the guest ready.</summary>
    public const string Scheduled = "Scheduled";

    /// <summary>The guest runs, or is paused.</summary>
    public const string Running = "Running";

    /// <summary>The guest shut down.</summary>
    public const string Succeeded = "Succeeded";

    /// <summary>The guest ended in another way.</summary>
    public const string Failed = "Failed";

    public const string Unknown = "Unknown";

    /// <summary>Whether nothing follows any more.</summary>
    public static bool IsFinal(string? phase) => phase is Succeeded or Failed;
}
