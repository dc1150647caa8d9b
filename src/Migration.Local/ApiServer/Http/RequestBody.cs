using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Reads request bodies, bounded, as JSON trees.</summary>
internal static class RequestBody
{
    /// <summary>Kubernetes' own limit.</summary>
    private const int Limit = 3 * 1024 * 1024;

    public static async Task<byte[]> ReadAsync(HttpContext http, CancellationToken ct)
    {
        if (http.Request.ContentLength > Limit)
            throw ApiException.TooLarge(Limit);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk, ct)) > 0)
        {
            if (buffer.Length + read > Limit)
                throw ApiException.TooLarge(Limit);
            buffer.Write(chunk, 0, read);
        }
        return buffer.ToArray();
    }

    /// <summary>Reads an object; duplicate keys are added to <paramref name="problems"/> in the words of strict decoding.</summary>
    public static async Task<JsonObject> ReadObjectAsync(HttpContext http, List<string> problems, CancellationToken ct)
    {
        var isYaml = TypeOf(http) switch
        {
            "application/json" or "" => false,
            "application/yaml" => true,
            _ => throw ApiException.UnsupportedMediaType("application/json, application/yaml"),
        };
        var bytes = await ReadAsync(http, ct);
        return Parse(isYaml ? JsonTree.Serialize(Yaml.ToJson(bytes)) : bytes, problems);
    }

    public static JsonObject Parse(byte[] bytes, List<string> problems)
    {
        var duplicates = new List<string>();
        try
        {
            var tree = JsonTree.Parse(bytes, duplicates) as JsonObject
                ?? throw ApiException.BadRequest("the object provided is unrecognized: a JSON object was expected");
            problems.AddRange(duplicates.Select(d => $"duplicate field \"{d}\""));
            return tree;
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"couldn't get version/kind; json parse error: {e.Message}");
        }
    }

    /// <summary>Content type without its parameters.</summary>
    public static string TypeOf(HttpContext http) => (http.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
}
