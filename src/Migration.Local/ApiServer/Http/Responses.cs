using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Writes answers in the form that was negotiated.</summary>
internal static class Responses
{
    public static Task WriteAsync(HttpContext http, MediaType form, int code, JsonNode body, CancellationToken ct) =>
        form.IsYaml
            ? WriteBytesAsync(http, code, "application/yaml", Yaml.FromJson(body), ct)
            : WriteBytesAsync(http, code, "application/json", JsonTree.Serialize(body), ct);

    public static async Task WriteBytesAsync(HttpContext http, int code, string contentType, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, ct);
    }

    public static Task WriteStatusAsync(HttpContext http, ApiException failure, CancellationToken ct)
    {
        // Clients that see the header ask again by themselves, without telling anybody: only where that is meant.
        if (failure.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return WriteBytesAsync(http, failure.Code, "application/json", JsonTree.Serialize(failure.ToStatus()), ct);
    }

    public static void AddWarnings(HttpContext http, IEnumerable<string> warnings)
    {
        foreach (var warning in warnings)
        {
            var text = warning.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            http.Response.Headers.Append("Warning", $"299 - \"{string.Concat(text.Where(c => c is >= ' ' and < (char)127))}\"");
        }
    }

    /// <summary>What bindings and evictions are answered with.</summary>
    public static JsonObject Created() =>
        new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 };

    public static JsonObject Success(ResourceType type, StoredObject target)
    {
        var details = new JsonObject { ["name"] = target.Name };
        if (type.Group.Length > 0)
            details["group"] = type.Group;
        details["kind"] = type.Plural;
        details["uid"] = target.Uid;
        return new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details,
        };
    }
}
