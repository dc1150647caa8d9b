using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>How an object is to be deleted.</summary>
internal sealed record DeleteOptions
{
    public long? GracePeriodSeconds { get; init; }

    /// <summary>Background, Foreground or Orphan; null means the kind's default, which is Background.</summary>
    public string? Propagation { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool DryRun { get; init; }

    public Caller Caller { get; init; } = Caller.Server;

    /// <summary>Warnings of webhooks, for the answer.</summary>
    public List<string> Warnings { get; } = [];

    public static DeleteOptions Read(JsonObject? body, HttpContext http)
    {
        var query = http.Request.Query;
        var propagation = body.TextAt("propagationPolicy") ?? query["propagationPolicy"].FirstOrDefault();
        if (propagation is not (null or "Background" or "Foreground" or "Orphan"))
            throw ApiException.Invalid("", "DeleteOptions", "", [FieldError.NotSupported("propagationPolicy", propagation, ["Foreground", "Background", "Orphan", null])]);
        if (propagation is null && body.At("orphanDependents") is { } orphan)
            propagation = orphan.GetValueKind() == System.Text.Json.JsonValueKind.True ? "Orphan" : "Background";
        return new DeleteOptions
        {
            Caller = Caller.Of(http),
            GracePeriodSeconds = body.NumberAt("gracePeriodSeconds")
                ?? (long.TryParse(query["gracePeriodSeconds"], out var seconds) ? seconds : null),
            Propagation = propagation,
            Uid = body.TextAt("preconditions", "uid"),
            ResourceVersion = body.TextAt("preconditions", "resourceVersion"),
            DryRun = query["dryRun"].Contains("All") || (body.At("dryRun") is JsonArray runs && runs.Any(r => JsonTree.AsText(r) == "All")),
        };
    }

    /// <summary>As webhooks are told them.</summary>
    public JsonObject ToTree()
    {
        var tree = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "meta.k8s.io/v1" };
        if (GracePeriodSeconds is { } seconds)
            tree["gracePeriodSeconds"] = seconds;
        if (Propagation is not null)
            tree["propagationPolicy"] = Propagation;
        if (Uid is not null)
            tree.Child("preconditions")["uid"] = Uid;
        if (ResourceVersion is not null)
            tree.Child("preconditions")["resourceVersion"] = ResourceVersion;
        if (DryRun)
            tree["dryRun"] = new JsonArray("All");
        return tree;
    }
}
