using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>What is served, in the old form (one document per group version) and the aggregated one.</summary>
internal sealed class DiscoveryDocuments(ResourceRegistry registry)
{
    /// <summary>The document at a discovery path, or null when the path is none.</summary>
    public JsonObject? At(string[] path, MediaType form) => path switch
    {
        ["api"] when form.As == "APIGroupDiscoveryList" => Aggregated(form.Version, g => g.Length == 0),
        ["apis"] when form.As == "APIGroupDiscoveryList" => Aggregated(form.Version, g => g.Length > 0),
        ["api"] => new JsonObject { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1"), ["serverAddressByClientCIDRs"] = new JsonArray() },
        ["apis"] => new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. Groups(g => g.Length > 0).Select(Group)]) },
        ["api", var version] when registry.Serves("", version) => ResourceList("", version),
        ["apis", var group] when Groups(g => g == group).FirstOrDefault() is { } found => Whole(Group(found)),
        ["apis", var group, var version] when registry.Serves(group, version) => ResourceList(group, version),
        _ => null,
    };

    private List<IGrouping<string, ResourceType>> Groups(Func<string, bool> wanted) =>
        [.. registry.Types.Where(t => wanted(t.Group)).GroupBy(t => t.Group, StringComparer.Ordinal)];

    private static JsonObject Whole(JsonObject group)
    {
        group["kind"] = "APIGroup";
        group["apiVersion"] = "v1";
        return group;
    }

    private static JsonObject Group(IGrouping<string, ResourceType> group)
    {
        var versions = Versions(group).Select(v => new JsonObject { ["groupVersion"] = $"{group.Key}/{v}", ["version"] = v }).ToList();
        return new JsonObject
        {
            ["name"] = group.Key,
            ["versions"] = new JsonArray([.. versions]),
            ["preferredVersion"] = versions[0].DeepClone(),
        };
    }

    /// <summary>Stable versions before beta before alpha, larger numbers first.</summary>
    private static IEnumerable<string> Versions(IEnumerable<ResourceType> group) =>
        group.Select(t => t.Version).Distinct(StringComparer.Ordinal).Order(VersionOrder.PreferredFirst);

    private JsonObject ResourceList(string group, string version)
    {
        var resources = new JsonArray();
        foreach (var type in registry.Types.Where(t => t.Group == group && t.Version == version))
        {
            resources.Add(Resource(type));
            foreach (var subresource in Subresources.Of(type))
                resources.Add(SubresourceEntry(type, subresource));
        }
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = resources,
        };
    }

    private static JsonObject Resource(ResourceType type)
    {
        var resource = new JsonObject
        {
            ["name"] = type.Plural,
            ["singularName"] = type.Singular,
            ["namespaced"] = type.Namespaced,
            ["kind"] = type.Kind,
            ["verbs"] = Texts(type.Verbs),
        };
        AddNames(resource, type);
        resource["storageVersionHash"] = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(type.Storage + type.StorageApiVersion)).AsSpan(0, 8));
        return resource;
    }

    private static JsonObject SubresourceEntry(ResourceType type, Subresource subresource)
    {
        var entry = new JsonObject
        {
            ["name"] = $"{type.Plural}/{subresource.Name}",
            ["singularName"] = "",
            ["namespaced"] = type.Namespaced,
            ["kind"] = subresource.Kind,
            ["verbs"] = Texts(subresource.Verbs),
        };
        if (subresource.Group != type.Group || subresource.Version != type.Version)
        {
            entry["group"] = subresource.Group;
            entry["version"] = subresource.Version;
        }
        return entry;
    }

    private JsonObject Aggregated(string form, Func<string, bool> wanted) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{form}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. Groups(wanted).Select(AggregatedGroup)]),
    };

    private static JsonObject AggregatedGroup(IGrouping<string, ResourceType> group) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = group.Key, ["creationTimestamp"] = null },
        ["versions"] = new JsonArray([.. Versions(group).Select(version => new JsonObject
        {
            ["version"] = version,
            ["freshness"] = "Current",
            ["resources"] = new JsonArray([.. group.Where(t => t.Version == version).Select(AggregatedResource)]),
        })]),
    };

    private static JsonObject AggregatedResource(ResourceType type)
    {
        var resource = new JsonObject
        {
            ["resource"] = type.Plural,
            ["responseKind"] = Kind(type.Group, type.Version, type.Kind),
            ["scope"] = type.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = type.Singular,
            ["verbs"] = Texts(type.Verbs),
        };
        AddNames(resource, type);
        if (Subresources.Of(type) is { Count: > 0 } subresources)
            resource["subresources"] = new JsonArray([.. subresources.Select(s => new JsonObject
            {
                ["subresource"] = s.Name, ["responseKind"] = Kind(s.Group, s.Version, s.Kind), ["verbs"] = Texts(s.Verbs),
            })]);
        return resource;
    }

    private static void AddNames(JsonObject resource, ResourceType type)
    {
        if (type.ShortNames.Count > 0)
            resource["shortNames"] = Texts(type.ShortNames);
        if (type.Categories.Count > 0)
            resource["categories"] = Texts(type.Categories);
    }

    private static JsonObject Kind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
