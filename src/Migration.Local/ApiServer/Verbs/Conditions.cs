using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Conditions in a status: one entry per type, whose transition time moves only when its status does.</summary>
internal static class Conditions
{
    public static void Set(JsonObject tree, string type, string status, string? reason, string? message, TimeProvider time)
    {
        var holder = tree.Child("status");
        if (holder["conditions"] is not JsonArray conditions)
            holder["conditions"] = conditions = [];
        var condition = conditions.OfType<JsonObject>().FirstOrDefault(c => c.TextAt("type") == type);
        if (condition is null)
            conditions.Add(condition = new JsonObject { ["type"] = type });
        if (condition.TextAt("status") != status)
            condition["lastTransitionTime"] = Timestamps.Format(time.GetUtcNow());
        condition["status"] = status;
        if (reason is not null)
            condition["reason"] = reason;
        if (message is not null)
            condition["message"] = message;
    }
}
