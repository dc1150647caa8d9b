using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>A patch of one of the four kinds, read from a request.</summary>
internal sealed class Patch
{
    private const string JsonType = "application/json-patch+json";
    private const string MergeType = "application/merge-patch+json";
    private const string StrategicType = "application/strategic-merge-patch+json";
    private const string ApplyType = "application/apply-patch+yaml";

    private readonly string _contentType;
    private readonly JsonNode? _body;
    private readonly WriteOptions _options;
    private readonly TimeProvider _time;

    private Patch(string contentType, JsonNode? body, WriteOptions options, TimeProvider time)
    {
        _contentType = contentType;
        _body = body;
        _options = options;
        _time = time;
    }

    /// <summary>A server-side apply creates what is not there.</summary>
    public bool MayCreate => _contentType == ApplyType;

    public static async Task<Patch> ReadAsync(HttpContext http, ResourceType type, WriteOptions options, TimeProvider time, CancellationToken ct)
    {
        var contentType = RequestBody.TypeOf(http);
        if (contentType is not (JsonType or MergeType or ApplyType) && (contentType != StrategicType || type.IsCustom))
            throw ApiException.UnsupportedMediaType(type.IsCustom
                ? $"{JsonType}, {MergeType}, {ApplyType}"
                : $"{JsonType}, {MergeType}, {StrategicType}, {ApplyType}");
        if (contentType == ApplyType && http.Request.Query["fieldManager"].ToString().Length == 0)
            throw ApiException.Invalid("meta.k8s.io", "PatchOptions", "", [FieldError.Required("fieldManager", "is required for apply patch")]);
        if (contentType != ApplyType && http.Request.Query.ContainsKey("force"))
            throw ApiException.Invalid("meta.k8s.io", "PatchOptions", "", [FieldError.Forbidden("force", "may not be specified for non-apply patch")]);
        var bytes = await RequestBody.ReadAsync(http, ct);
        var body = contentType == ApplyType ? ReadYaml(bytes) : ReadJson(bytes, options);
        if (contentType != JsonType && body is not JsonObject)
            throw ApiException.BadRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");
        return new Patch(contentType, body, options, time);
    }

    /// <returns>The object as it is now, and whether an apply has created it.</returns>
    public async Task<(StoredObject Object, bool Created)> PerformAsync(ObjectWriter writer, RequestTarget target, string subresource, CancellationToken ct)
    {
        if (_contentType == ApplyType)
            return await ServerSideApply.PerformAsync(writer, target, subresource, (JsonObject)_body!, _options, _time, ct);
        return (await writer.ChangeAsync(target.Type, target.Key, subresource, _options, current => Apply(current, target.Type), ct), false);
    }

    /// <summary>Patches a value that is no stored object, such as a Scale.</summary>
    public JsonObject Apply(JsonObject current, ResourceType type) => _contentType switch
    {
        JsonType => JsonPatch.Apply(current, _body),
        StrategicType => StrategicMergePatch.Apply(current, (JsonObject)_body!, type.Schema),
        _ => MergePatch.Apply(current, (JsonObject)_body!),
    };

    private static JsonNode ReadYaml(byte[] bytes) =>
        Yaml.ToJson(bytes) as JsonObject ?? throw ApiException.BadRequest("error decoding YAML: an object was expected");

    private static JsonNode ReadJson(byte[] bytes, WriteOptions options)
    {
        var duplicates = new List<string>();
        try
        {
            var body = JsonTree.Parse(bytes, duplicates);
            options.Problems.AddRange(duplicates.Select(d => $"duplicate field \"{d}\""));
            return body ?? throw ApiException.BadRequest("error decoding patch: null");
        }
        catch (System.Text.Json.JsonException e)
        {
            throw ApiException.BadRequest($"error decoding patch: {e.Message}");
        }
    }
}
