namespace Migration.Api;

/// <summary>Where a migration is: <c>status.phase</c>.</summary>
public static class MigrationJobPhase
{
    /// <summary>Accepted; waits for its turn.</summary>
    public const string Pending = "Pending";

    /// <summary>The target pod waits for a node.</summary>
    public const string Scheduling = "Scheduling";

    /// <summary>The target pod has a node.</summary>
    public const string Scheduled = "Scheduled";

    /// <summary>The target node is told what will arrive, and gets ready.</summary>
    public const string PreparingTarget = "PreparingTarget";

    /// <summary>The target's QEMU waits and the source may connect.</summary>
    public const string TargetReady = "TargetReady";

    /// <summary>Guest memory is being copied, or the guest is being switched over.</summary>
    public const string Running = "Running";

    /// <summary>The guest runs on the target.</summary>
    public const string Succeeded = "Succeeded";

    /// <summary>The guest stays on the source.</summary>
    public const string Failed = "Failed";

    /// <summary>In the order they are passed through.</summary>
    public static readonly IReadOnlyList<string> InOrder = [Pending, Scheduling, Scheduled, PreparingTarget, TargetReady, Running];

    /// <summary>Whether nothing follows any more.</summary>
    public static bool IsFinal(string? phase) => phase is Succeeded or Failed;
}
