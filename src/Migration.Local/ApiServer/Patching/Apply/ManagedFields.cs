using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

internal static class ManagedFields
{
    public static void RecordWrite(ResourceType type, JsonObject? before, JsonObject after, string manager, string subresource, TimeProvider time)
    {
    }
}
