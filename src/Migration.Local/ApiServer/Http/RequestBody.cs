using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Reads request bodies, bounded, as JSON trees.</summary>
internal static class RequestBody
{
    /// <summary>Kubernetes' own limit.</summary>
    private const int Limit = 3 * 1024 * 1024;

    private const string Json = "application/json";
    private const string YamlType = "application/yaml";
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

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
        RequireKnownType(http);
        return Decode(TypeOf(http), await ReadAsync(http, ct), problems);
    }

    /// <summary>Reads an object that may be left out, as the options of a deletion are.</summary>
    public static async Task<JsonObject?> ReadOptionalAsync(HttpContext http, CancellationToken ct)
    {
        var bytes = await ReadAsync(http, ct);
        if (bytes.Length == 0)
            return null;
        RequireKnownType(http);
        return Decode(TypeOf(http), bytes, []);
    }

    private static void RequireKnownType(HttpContext http)
    {
        if (TypeOf(http) is not ("" or Json or YamlType or Protobuf))
            throw ApiException.UnsupportedMediaType($"{Json}, {YamlType}");
    }

    private static JsonObject Decode(string contentType, byte[] bytes, List<string> problems) => contentType switch
    {
        Protobuf => ProtobufBody.Read(bytes),
        YamlType => Parse(JsonTree.Serialize(Yaml.ToJson(bytes)), problems),
        _ => Parse(bytes, problems),
    };

    private static JsonObject Parse(byte[] bytes, List<string> problems)
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
