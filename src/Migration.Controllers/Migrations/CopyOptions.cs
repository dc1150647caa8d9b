using Google.Protobuf.WellKnownTypes;
using Migration.Api;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>A migration's settings in the words that its nodes understand.</summary>
public static class CopyOptions
{
    private const long Gibi = 1L << 30;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <param name="settings">The cluster's, with the policy's in their place.</param>
    /// <param name="guestMemory">In bytes.</param>
    public static MigrationOptions Of(MigrationConfiguration settings, long guestMemory) => new()
    {
        AllowPlaintext = settings.DisableTLS == true,
        MaxBandwidth = (ulong)Math.Max(0, settings.BandwidthPerMigration?.Ceiling ?? 0),
        MaxDowntime = settings.MaxDowntimeMs is > 0 and var milliseconds ? Duration.FromTimeSpan(TimeSpan.FromMilliseconds(milliseconds)) : null,
        TimeLimit = TimeLimit(settings, guestMemory) is { } limit ? Duration.FromTimeSpan(limit) : null,
        AllowAutoConverge = settings.AllowAutoConverge == true,
        AllowWorkloadDisruption = settings.AllowWorkloadDisruption == true,
        // Only the pod network's addresses stay behind; the node knows which those are.
        Anchor = Anchor.Always,
    };

    /// <summary>So long for each GiB that was begun; null is for ever.</summary>
    public static TimeSpan? TimeLimit(MigrationConfiguration settings, long guestMemory)
    {
        if (settings.CompletionTimeoutPerGiB is not { } seconds || seconds <= 0)
            return null;
        var gibibytes = Math.Max(1, (guestMemory + Gibi - 1) / Gibi);
        return seconds > Longest.TotalSeconds / gibibytes ? Longest : TimeSpan.FromSeconds(seconds * gibibytes);
    }
}
