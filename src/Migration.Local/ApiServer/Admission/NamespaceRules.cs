using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>A namespace carries its name as a label and the finalizer that keeps it until it is empty.</summary>
internal static class NamespaceRules
{
    public static KindRules Rules { get; } = new()
    {
        Create = tree =>
        {
            tree["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
            tree["status"] = new JsonObject { ["phase"] = "Active" };
        },
        Update = (before, after) => after["spec"] = before["spec"]?.DeepClone(),
        Default = tree => tree.Child("metadata").Child("labels")["kubernetes.io/metadata.name"] = tree.TextAt("metadata", "name"),
    };
}
