using System.Text.Json;

namespace Migration.Qemu;

/// <summary>What <c>query-migrate</c> says. The target's QEMU knows only the status and the error.</summary>
public sealed record MigrationInfo
{
    public MigrationStatus Status { get; init; }

    /// <summary>QEMU's words about a failure; they may be missing, and may be there without one.</summary>
    public string? Error { get; init; }

    public TimeSpan? TotalTime { get; init; }

    public TimeSpan? SetupTime { get; init; }

    /// <summary>Known once completed: from the stop to the source's end, without the target's <c>cont</c>.</summary>
    public TimeSpan? Downtime { get; init; }

    public TimeSpan? ExpectedDowntime { get; init; }

    public MigrationMemory? Memory { get; init; }

    /// <summary>By how much auto-converge slows the guest down.</summary>
    public int? ThrottlePercentage { get; init; }

    /// <summary>Why this guest cannot be migrated at all.</summary>
    public IReadOnlyList<string> BlockedReasons { get; init; } = [];

    internal static MigrationInfo From(JsonElement reply) => new()
    {
        Status = MigrationStatusName.Parse(reply.Text("status")),
        Error = reply.OptionalText("error-desc"),
        TotalTime = reply.OptionalMilliseconds("total-time"),
        SetupTime = reply.OptionalMilliseconds("setup-time"),
        Downtime = reply.OptionalMilliseconds("downtime"),
        ExpectedDowntime = reply.OptionalMilliseconds("expected-downtime"),
        Memory = reply.TryGetProperty("ram", out var ram) ? MigrationMemory.From(ram) : null,
        ThrottlePercentage = (int?)reply.OptionalNumber("cpu-throttle-percentage"),
        BlockedReasons = [.. reply.Items("blocked-reasons").Select(reason => reason.GetString() ?? "")],
    };
}
