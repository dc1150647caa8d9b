using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

internal static class ServerSideApply
{
    public static (StoredObject Object, bool Created) Perform(ObjectWriter writer, RequestTarget target, string subresource, JsonObject applied,
        WriteOptions options, TimeProvider time)
    {
        try
        {
            return (writer.Change(target.Type, target.Key, subresource, options, current => MergePatch.Apply(current, applied)), false);
        }
        catch (ApiException e) when (e.Code == 404 && subresource.Length == 0)
        {
            return (writer.Create(target.Type, target.Namespace, applied.Clone(), options), true);
        }
    }
}
