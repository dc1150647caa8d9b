using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The columns of events; they are read in their core/v1 form.</summary>
internal static class EventColumns
{
    public static IReadOnlyList<PrinterColumn> All { get; } =
    [
        new("Last Seen", "string", "", "The time of the most recent occurrence.", 0, (root, now) => Timestamps.Age(LastSeen(root), now)),
        BuiltInColumns.Text("Type", 0, "type"),
        BuiltInColumns.Text("Reason", 0, "reason"),
        new("Object", "string", "", "The object that this event is about.", 0, (root, _) => About(root)),
        BuiltInColumns.Text("Subobject", 1, "involvedObject", "fieldPath"),
        new("Source", "string", "", "The component reporting this event.", 1, (root, _) => Source(root)),
        new("Message", "string", "", "A human-readable description of the status of this operation.", 0, (root, _) => root.Text("message")?.Trim() ?? ""),
        new("First Seen", "string", "", "The time of the first occurrence.", 1, (root, now) => Timestamps.Age(FirstSeen(root), now)),
        new("Count", "string", "", "The number of times this event has occurred.", 1, (root, _) => Count(root)),
        BuiltInColumns.Name with { Priority = 1 },
    ];

    private static string? LastSeen(JsonElement item) =>
        item.Text("series", "lastObservedTime") ?? item.Text("lastTimestamp") ?? FirstSeen(item);

    private static string? FirstSeen(JsonElement item) => item.Text("firstTimestamp") ?? item.Text("eventTime");

    private static string About(JsonElement item)
    {
        var kind = item.Text("involvedObject", "kind")?.ToLowerInvariant() ?? "";
        return item.Text("involvedObject", "name") is { Length: > 0 } name ? $"{kind}/{name}" : kind;
    }

    private static string Source(JsonElement item)
    {
        var component = item.Text("source", "component") ?? item.Text("reportingComponent") ?? "";
        return item.Text("source", "host") is { Length: > 0 } host ? $"{component}, {host}" : component;
    }

    private static JsonNode Count(JsonElement item)
    {
        var count = item.Number("series", "count") is var series and > 0 ? series : item.Number("count");
        return Math.Max(1, count).ToString(CultureInfo.InvariantCulture);
    }
}
