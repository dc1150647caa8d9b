using System.Text.Json;

namespace Migration.Qemu;

/// <summary>Something that QEMU told without being asked. The time is QEMU's host's.</summary>
public sealed record QmpEvent(string Name, DateTimeOffset Timestamp, JsonElement Data)
{
    /// <summary>The new status, if this is a <c>MIGRATION</c> event.</summary>
    public MigrationStatus? MigrationStatus =>
        Name == "MIGRATION" ? MigrationStatusName.Parse(Data.Text("status")) : null;

    internal static QmpEvent From(JsonElement message)
    {
        var time = message.GetProperty("timestamp");
        var microseconds = time.GetProperty("seconds").GetInt64() * 1_000_000 + time.GetProperty("microseconds").GetInt64();
        message.TryGetProperty("data", out var data);
        return new(message.GetProperty("event").GetString()!, DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds), data);
    }
}
