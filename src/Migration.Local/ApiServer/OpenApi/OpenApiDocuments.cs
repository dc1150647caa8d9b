using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>OpenAPI v2 (one document, as protobuf for kubectl) and v3 (one per group version), made from the schemas that objects are validated by.</summary>
internal sealed class OpenApiDocuments(ResourceRegistry registry)
{
    /// <summary>Asked for with an @ before the version, which is no valid media type: clients fail to parse it in an answer.</summary>
    private const string ProtobufV2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private volatile Rendered? _rendered;

    public Task WriteAsync(HttpContext http, string path, CancellationToken ct)
    {
        var rendered = Current();
        if (path == "/openapi/v2")
            return WriteV2Async(http, rendered, ct);
        if (path == "/openapi/v3")
            return Responses.WriteBytesAsync(http, 200, "application/json", rendered.Index, ct);
        return path.StartsWith("/openapi/v3/", StringComparison.Ordinal) && rendered.Versions.GetValueOrDefault(path["/openapi/v3/".Length..]) is { } document
            ? Responses.WriteBytesAsync(http, 200, "application/json", document, ct)
            : throw ApiException.NoSuchPath();
    }

    private static Task WriteV2Async(HttpContext http, Rendered rendered, CancellationToken ct) =>
        http.Request.Headers.Accept.ToString().Contains("protobuf", StringComparison.Ordinal)
            ? Responses.WriteBytesAsync(http, 200, ProtobufV2, rendered.V2Protobuf, ct)
            : Responses.WriteBytesAsync(http, 200, "application/json", rendered.V2Json, ct);

    /// <summary>Documents for what is served now; made again after a definition has changed.</summary>
    private Rendered Current()
    {
        var generation = registry.Generation;
        if (_rendered is { } rendered && rendered.Generation == generation)
            return rendered;
        return _rendered = Render(registry.Types, generation);
    }

    private static Rendered Render(IReadOnlyList<ResourceType> types, int generation)
    {
        var versions = types.GroupBy(VersionPath, StringComparer.Ordinal).ToDictionary(
            g => g.Key, g => JsonTree.Serialize(DocumentV3([.. g])), StringComparer.Ordinal);
        var index = new JsonObject();
        foreach (var (path, document) in versions)
            index[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Convert.ToHexString(SHA256.HashData(document).AsSpan(0, 16))}" };
        var v2 = DocumentV2(types);
        return new Rendered(generation, JsonTree.Serialize(new JsonObject { ["paths"] = index }), versions, JsonTree.Serialize(v2), SwaggerProtobuf.Encode(v2));
    }

    private static string VersionPath(ResourceType type) => type.Group.Length == 0 ? $"api/{type.Version}" : $"apis/{type.Group}/{type.Version}";

    private static JsonObject DocumentV3(IReadOnlyList<ResourceType> types)
    {
        var schemas = new OpenApiSchemas(3);
        var paths = new JsonObject();
        foreach (var type in types)
        {
            schemas.AddKind(type);
            OpenApiPaths.AddV3(paths, type, schemas.Reference(type));
        }
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = Info(),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Definitions },
        };
    }

    private static JsonObject DocumentV2(IReadOnlyList<ResourceType> types)
    {
        var schemas = new OpenApiSchemas(2);
        var paths = new JsonObject();
        foreach (var type in types)
        {
            schemas.AddKind(type);
            OpenApiPaths.AddV2(paths, type);
        }
        return new JsonObject { ["swagger"] = "2.0", ["info"] = Info(), ["paths"] = paths, ["definitions"] = schemas.Definitions };
    }

    private static JsonObject Info() => new() { ["title"] = "Kubernetes", ["version"] = ServerVersion.Document["gitVersion"]!.DeepClone() };

    private sealed record Rendered(int Generation, byte[] Index, Dictionary<string, byte[]> Versions, byte[] V2Json, byte[] V2Protobuf);
}
