using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Shows objects, lists and watch events in the form asked for: themselves, a table, or metadata alone.</summary>
internal sealed class ObjectView(ResourceType type, MediaType form, string include, TimeProvider time)
{
    public static ObjectView For(HttpContext http, ResourceType type, MediaType form, TimeProvider time)
    {
        var include = http.Request.Query["includeObject"].ToString();
        if (include is not ("" or "None" or "Metadata" or "Object"))
            throw ApiException.BadRequest($"unrecognized includeObject value: \"{include}\"");
        return new ObjectView(type, form, include, time);
    }

    public Task WriteAsync(HttpContext http, int code, StoredObject item, CancellationToken ct) =>
        form is { As: "", IsYaml: false }
            ? Responses.WriteBytesAsync(http, code, "application/json", Conversion.Bytes(item, type), ct)
            : Responses.WriteAsync(http, form, code, Tree(item, true), ct);

    public Task WriteListAsync(HttpContext http, ObjectPage page, CancellationToken ct)
    {
        var metadata = ListMetadata(page);
        return form.As switch
        {
            "Table" => Responses.WriteAsync(http, form, 200, Table.Build(type, page.Objects, metadata, form.Version, include, true, time.GetUtcNow()), ct),
            "PartialObjectMetadataList" or "PartialObjectMetadata" => Responses.WriteAsync(http, form, 200, new JsonObject
            {
                ["kind"] = "PartialObjectMetadataList",
                ["apiVersion"] = $"meta.k8s.io/{form.Version}",
                ["metadata"] = metadata,
                ["items"] = new JsonArray([.. page.Objects.Select(o => Table.PartialMetadata(o, form.Version))]),
            }, ct),
            _ when form.IsYaml => Responses.WriteAsync(http, form, 200, new JsonObject
            {
                ["kind"] = type.ListKind,
                ["apiVersion"] = type.ApiVersion,
                ["metadata"] = metadata,
                ["items"] = new JsonArray([.. page.Objects.Select(o => Conversion.Tree(o, type))]),
            }, ct),
            _ => WritePlainListAsync(http, page, metadata, ct),
        };
    }

    /// <summary>One line of a watch stream. The columns of a table are told with the first event only.</summary>
    public byte[] Event(string kind, StoredObject item, bool first)
    {
        var body = form.As.Length == 0 ? Conversion.Bytes(item, type) : JsonTree.Serialize(Tree(item, first));
        return Line(kind, body);
    }

    public byte[] Bookmark(ulong revision, bool initialEventsEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = Text(revision) };
        if (initialEventsEnd)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var body = form.As switch
        {
            "Table" => Table.Build(type, [], metadata, form.Version, include, false, time.GetUtcNow()),
            "" => new JsonObject { ["kind"] = type.Kind, ["apiVersion"] = type.ApiVersion, ["metadata"] = metadata },
            _ => new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = $"meta.k8s.io/{form.Version}", ["metadata"] = metadata },
        };
        return Line("BOOKMARK", JsonTree.Serialize(body));
    }

    public static byte[] Error(ApiException failure) => Line("ERROR", JsonTree.Serialize(failure.ToStatus()));

    private static byte[] Line(string kind, byte[] body)
    {
        var head = Encoding.ASCII.GetBytes($"{{\"type\":\"{kind}\",\"object\":");
        return [.. head, .. body, (byte)'}', (byte)'\n'];
    }

    private JsonObject Tree(StoredObject item, bool withColumns) => form.As switch
    {
        "Table" => Table.Build(type, [item], new JsonObject { ["resourceVersion"] = Text(item.Revision) }, form.Version, include, withColumns, time.GetUtcNow()),
        "PartialObjectMetadata" or "PartialObjectMetadataList" => Table.PartialMetadata(item, form.Version),
        _ => Conversion.Tree(item, type),
    };

    private async Task WritePlainListAsync(HttpContext http, ObjectPage page, JsonObject metadata, CancellationToken ct)
    {
        http.Response.StatusCode = 200;
        http.Response.ContentType = "application/json";
        var body = http.Response.BodyWriter;
        var head = new JsonObject { ["kind"] = type.ListKind, ["apiVersion"] = type.ApiVersion, ["metadata"] = metadata };
        var opening = JsonTree.Serialize(head);
        await body.WriteAsync(opening.AsMemory(0, opening.Length - 1), ct);
        await body.WriteAsync(",\"items\":["u8.ToArray(), ct);
        for (var i = 0; i < page.Objects.Count; i++)
        {
            if (i > 0)
                await body.WriteAsync(","u8.ToArray(), ct);
            await body.WriteAsync(Conversion.Bytes(page.Objects[i], type), ct);
        }
        await body.WriteAsync("]}\n"u8.ToArray(), ct);
    }

    private static JsonObject ListMetadata(ObjectPage page)
    {
        var metadata = new JsonObject { ["resourceVersion"] = Text(page.Revision) };
        if (page.Continue is not null)
            metadata["continue"] = page.Continue;
        if (page.Remaining > 0)
            metadata["remainingItemCount"] = page.Remaining;
        return metadata;
    }

    private static string Text(ulong revision) => revision.ToString(CultureInfo.InvariantCulture);
}
