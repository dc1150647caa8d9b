using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Services get an address of 10.96.0.0/16, of fd96::/112 or of both, and a port of every node if they ask for one.</summary>
internal static class ServiceRules
{
    private const string Ipv4 = "IPv4", Ipv6 = "IPv6", None = "None";
    private const int FirstNodePort = 30000, LastNodePort = 32767;

    public static KindRules For(Store store) => new()
    {
        Create = tree =>
        {
            var spec = tree.Child("spec");
            if (spec.TextAt("type") != "ExternalName")
                GiveAddresses(spec, store);
            GiveNodePorts(spec, store);
            tree["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        },
        Update = (before, after) =>
        {
            foreach (var name in (string[])["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
            {
                if (after.At("spec", name) is null && before.At("spec", name) is { } kept)
                    after.Child("spec")[name] = kept.DeepClone();
            }

            var spec = after.Child("spec");
            if (spec.TextAt("type") != "ExternalName" && spec.TextAt("clusterIP") is not { Length: > 0 })
                GiveAddresses(spec, store);
            KeepNodePorts(before, spec);
            GiveNodePorts(spec, store);
        },
        Default = tree =>
        {
            foreach (var entry in Ports(tree))
            {
                if (entry["targetPort"] is null)
                    entry["targetPort"] = entry["port"]?.DeepClone();
            }

            if (tree.TextAt("spec", "sessionAffinity") == "ClientIP" && tree.At("spec", "sessionAffinityConfig") is null)
                tree.Child("spec")["sessionAffinityConfig"] = new JsonObject { ["clientIP"] = new JsonObject { ["timeoutSeconds"] = 10800 } };
        },
        Validate = (before, tree, errors) =>
        {
            if (tree.At("spec", "ports") is not JsonArray { Count: > 0 }
                && tree.TextAt("spec", "type") != "ExternalName" && tree.TextAt("spec", "clusterIP") != None)
                errors.Add(FieldError.Required("spec.ports"));
            if (before?.TextAt("spec", "clusterIP") is { Length: > 0 } address && tree.TextAt("spec", "clusterIP") != address
                && tree.TextAt("spec", "type") != "ExternalName")
                errors.Add(FieldError.Invalid("spec.clusterIPs[0]", tree.At("spec", "clusterIP")?.DeepClone(), "may not change once set"));
        },
    };

    private static IEnumerable<JsonObject> Ports(JsonObject tree) => (tree.At("spec", "ports") as JsonArray ?? []).OfType<JsonObject>();

    private static void GiveAddresses(JsonObject spec, Store store)
    {
        var families = Families(spec);
        var first = spec.TextAt("clusterIP") is { Length: > 0 } given ? given : (spec["clusterIPs"] as JsonArray)?.Select(JsonTree.AsText).FirstOrDefault();
        if (first is not null && IPAddress.TryParse(first, out var asked))
            families = [asked.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? Ipv6 : Ipv4, .. families.Skip(1).Where(family => (family == Ipv6) != first.Contains(':', StringComparison.Ordinal))];
        var wanted = (spec["clusterIPs"] as JsonArray)?.Select(JsonTree.AsText).OfType<string>().ToList() ?? [];
        var addresses = first == None ? [None] : families.Select((family, i) => i == 0 && first is not null ? first : wanted.ElementAtOrDefault(i) ?? FreeAddress(store, family)).ToList();
        spec["clusterIP"] = addresses[0];
        spec["clusterIPs"] = new JsonArray([.. addresses.Select(address => JsonValue.Create(address))]);
        spec["ipFamilies"] = new JsonArray([.. families.Select(family => JsonValue.Create(family))]);
    }

    private static List<string> Families(JsonObject spec)
    {
        var asked = (spec["ipFamilies"] as JsonArray ?? []).Select(JsonTree.AsText).OfType<string>().ToList();
        if (asked.Count == 0)
            asked.Add(Ipv4);
        if (spec.TextAt("ipFamilyPolicy") is "PreferDualStack" or "RequireDualStack" && asked.Count == 1)
            asked.Add(asked[0] == Ipv4 ? Ipv6 : Ipv4);
        return asked;
    }

    private static string FreeAddress(Store store, string family)
    {
        var taken = Others(store).SelectMany(s => (s.At("spec", "clusterIPs") as JsonArray ?? []).Select(JsonTree.AsText)).ToHashSet(StringComparer.Ordinal);
        // The first are for services that everybody has to find: the API server, the name service.
        for (var host = 0x20; host < 0xfffe; host++)
        {
            var address = family == Ipv6
                ? string.Create(CultureInfo.InvariantCulture, $"fd96::{host:x}")
                : new IPAddress([10, 96, (byte)(host >> 8), (byte)host]).ToString();
            if (!taken.Contains(address))
                return address;
        }

        throw new ApiException(500, "InternalError", $"Internal error occurred: no free {family} address for a service");
    }

    /// <summary>A port of the service that had a node port before keeps it.</summary>
    private static void KeepNodePorts(JsonObject before, JsonObject spec)
    {
        foreach (var port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().Where(port => port["nodePort"] is null))
        {
            var same = Ports(before).FirstOrDefault(old => JsonTree.Same(old["port"], port["port"]) && (old.TextAt("protocol") ?? "TCP") == (port.TextAt("protocol") ?? "TCP"));
            if (spec.TextAt("type") is "NodePort" or "LoadBalancer" && same?["nodePort"] is { } kept)
                port["nodePort"] = kept.DeepClone();
        }
    }

    private static void GiveNodePorts(JsonObject spec, Store store)
    {
        if (spec.TextAt("type") is not ("NodePort" or "LoadBalancer"))
            return;
        var taken = Others(store).SelectMany(Ports).Select(port => port.NumberAt("nodePort")).OfType<long>().ToHashSet();
        foreach (var port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().Where(port => port["nodePort"] is null))
        {
            var free = Enumerable.Range(FirstNodePort, LastNodePort - FirstNodePort + 1).FirstOrDefault(number => !taken.Contains(number));
            if (free == 0)
                throw new ApiException(500, "InternalError", "Internal error occurred: all node ports are taken");
            taken.Add(free);
            port["nodePort"] = free;
        }
    }

    private static IEnumerable<JsonObject> Others(Store store) => store.List("services").Objects.Values.Select(service => service.ToTree());
}
