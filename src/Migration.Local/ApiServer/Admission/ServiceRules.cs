using System.Net;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Services get an address of 10.96.0.0/16; nothing in the embedded cluster routes it yet, so it is a name for the service only.</summary>
internal static class ServiceRules
{
    public static KindRules For(Store store) => new()
    {
        Create = tree =>
        {
            if (tree.TextAt("spec", "clusterIP") is not { Length: > 0 } && tree.TextAt("spec", "type") != "ExternalName")
                tree.Child("spec")["clusterIP"] = FreeAddress(store);
            if (tree.TextAt("spec", "clusterIP") is { Length: > 0 } address)
                tree.Child("spec")["clusterIPs"] = new JsonArray(address);
            tree["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        },
        Update = (before, after) =>
        {
            foreach (var name in (string[])["clusterIP", "clusterIPs"])
            {
                if (after.At("spec", name) is null && before.At("spec", name) is { } kept)
                    after.Child("spec")[name] = kept.DeepClone();
            }
        },
        Default = tree =>
        {
            foreach (var port in tree.At("spec", "ports") as JsonArray ?? [])
            {
                if (port is JsonObject entry && entry["targetPort"] is null)
                    entry["targetPort"] = entry["port"]?.DeepClone();
            }
        },
        Validate = (before, tree, errors) =>
        {
            if (tree.At("spec", "ports") is not JsonArray { Count: > 0 }
                && tree.TextAt("spec", "type") != "ExternalName" && tree.TextAt("spec", "clusterIP") != "None")
                errors.Add(FieldError.Required("spec.ports"));
            if (before?.TextAt("spec", "clusterIP") is { Length: > 0 } address && tree.TextAt("spec", "clusterIP") != address
                && tree.TextAt("spec", "type") != "ExternalName")
                errors.Add(FieldError.Invalid("spec.clusterIPs[0]", tree.At("spec", "clusterIP")?.DeepClone(), "may not change once set"));
        },
    };

    private static string FreeAddress(Store store)
    {
        var taken = store.List("services").Objects.Values.Select(s => s.ToTree().TextAt("spec", "clusterIP")).ToHashSet(StringComparer.Ordinal);
        for (var host = 1; host < 0xfffe; host++)
        {
            var address = new IPAddress([10, 96, (byte)(host >> 8), (byte)host]).ToString();
            if (!taken.Contains(address))
                return address;
        }
        throw new ApiException(500, "InternalError", "Internal error occurred: no free address in 10.96.0.0/16");
    }
}
