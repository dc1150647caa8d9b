using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>A column of <c>kubectl get</c>; those with priority above 0 appear with <c>-o wide</c>.</summary>
/// <param name="Cell">What the column shows of an object, given the time of asking (ages).</param>
internal sealed record PrinterColumn(
    string Name, string Type, string Format, string Description, int Priority, Func<JsonElement, DateTimeOffset, JsonNode?> Cell);
