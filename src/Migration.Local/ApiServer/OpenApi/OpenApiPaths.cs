using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The paths of a resource with what kubectl looks up in them: the kind, and which parameters and patch types are understood.</summary>
internal static class OpenApiPaths
{
    private static readonly string[] WriteParameters = ["dryRun", "fieldManager", "fieldValidation"];

    public static void AddV2(JsonObject paths, ResourceType type) => Add(paths, type, (verb, action) => OperationV2(type, verb, action));

    public static void AddV3(JsonObject paths, ResourceType type, string reference) =>
        Add(paths, type, (verb, action) => OperationV3(type, verb, action, reference));

    private static void Add(JsonObject paths, ResourceType type, Func<string, string, JsonObject> operation)
    {
        var root = type.Group.Length == 0 ? $"/api/{type.Version}" : $"/apis/{type.Group}/{type.Version}";
        if (type.Namespaced && type.Can("list"))
            paths[$"{root}/{type.Plural}"] = Item(type, operation, ("get", "list"));
        var collection = type.Namespaced ? $"{root}/namespaces/{{namespace}}/{type.Plural}" : $"{root}/{type.Plural}";
        paths[collection] = Item(type, operation, ("get", "list"), ("post", "create"), ("delete", "deletecollection"));
        var single = Item(type, operation, ("get", "get"), ("put", "update"), ("patch", "patch"), ("delete", "delete"));
        if (single.Count > 0)
            paths[collection + "/{name}"] = single;
    }

    private static JsonObject Item(ResourceType type, Func<string, string, JsonObject> operation, params (string Verb, string Action)[] operations)
    {
        var item = new JsonObject();
        foreach (var (verb, action) in operations.Where(o => type.Can(o.Action)))
            item[verb] = operation(verb, action);
        return item;
    }

    private static JsonObject OperationV2(ResourceType type, string verb, string action)
    {
        var operation = Common(type, action);
        operation["consumes"] = new JsonArray([.. ContentTypes(type, verb).Select(c => JsonValue.Create(c))]);
        operation["parameters"] = new JsonArray([.. Parameters(verb).Select(p => new JsonObject
        {
            ["name"] = p, ["in"] = "query", ["type"] = "string", ["uniqueItems"] = true,
        })]);
        operation["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } };
        return operation;
    }

    private static JsonObject OperationV3(ResourceType type, string verb, string action, string reference)
    {
        var operation = Common(type, action);
        operation["parameters"] = new JsonArray([.. Parameters(verb).Select(p => new JsonObject
        {
            ["name"] = p, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
        })]);
        if (verb is "post" or "put" or "patch")
            operation["requestBody"] = new JsonObject
            {
                ["content"] = new JsonObject(ContentTypes(type, verb).Select(c =>
                    KeyValuePair.Create(c, (JsonNode?)new JsonObject { ["schema"] = verb == "patch" ? new JsonObject { ["type"] = "object" } : Ref(reference) }))),
            };
        operation["responses"] = new JsonObject
        {
            ["200"] = new JsonObject
            {
                ["description"] = "OK",
                ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = Ref(reference) } },
            },
        };
        return operation;
    }

    private static JsonObject Common(ResourceType type, string action) => new()
    {
        ["operationId"] = $"{action}{type.Group.Replace(".", "", StringComparison.Ordinal)}{type.Version}{type.Kind}",
        ["x-kubernetes-action"] = action == "create" ? "post" : action == "update" ? "put" : action,
        ["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKind(type),
    };

    private static IEnumerable<string> Parameters(string verb) => verb is "get" or "delete" ? [] : verb == "patch" ? [.. WriteParameters, "force"] : WriteParameters;

    private static IEnumerable<string> ContentTypes(ResourceType type, string verb)
    {
        if (verb != "patch")
            return ["application/json", "application/yaml"];
        string[] patches = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
        return type.IsCustom ? patches : [.. patches, "application/strategic-merge-patch+json"];
    }

    private static JsonObject Ref(string reference) => new() { ["$ref"] = reference };
}
