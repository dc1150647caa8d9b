using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>How a write is to be done, and the warnings it collects on the way.</summary>
internal sealed record WriteOptions
{
    public bool DryRun { get; init; }

    public string FieldManager { get; init; } = "unknown";

    /// <summary>Ignore, Warn or Strict.</summary>
    public string FieldValidation { get; init; } = "Warn";

    /// <summary>Server-side apply takes fields over from other managers.</summary>
    public bool Force { get; init; }

    /// <summary>Complaints about the body: warnings, or the refusal when strict.</summary>
    public List<string> Problems { get; init; } = [];

    public List<string> Warnings { get; } = [];

    public Caller Caller { get; init; } = Caller.Server;

    /// <summary>What the server does before it serves: no webhook is asked about it.</summary>
    public bool IsOwn { get; init; }

    /// <summary>For the server's own writes.</summary>
    public static WriteOptions Internal(string manager) => new() { FieldManager = manager, FieldValidation = "Ignore" };

    public static WriteOptions Read(HttpContext http)
    {
        var query = http.Request.Query;
        var validation = query["fieldValidation"].ToString();
        if (validation is not ("" or "Ignore" or "Warn" or "Strict"))
            throw ApiException.BadRequest(
                $"fieldValidation: Unsupported value: \"{validation}\": supported values: \"Ignore\", \"Warn\", \"Strict\"");
        var manager = query["fieldManager"].ToString();
        return new WriteOptions
        {
            DryRun = ReadDryRun(query["dryRun"]),
            FieldManager = manager.Length > 0 ? manager : AgentName(http.Request.Headers.UserAgent.ToString()),
            FieldValidation = validation.Length > 0 ? validation : "Warn",
            Force = ListOptions.Flag(query, "force"),
            Caller = Caller.Of(http),
        };
    }

    /// <summary>As webhooks are told them.</summary>
    /// <param name="kind">CreateOptions or UpdateOptions.</param>
    public JsonObject ToTree(string kind)
    {
        var tree = new JsonObject { ["kind"] = kind, ["apiVersion"] = "meta.k8s.io/v1", ["fieldManager"] = FieldManager, ["fieldValidation"] = FieldValidation };
        if (DryRun)
            tree["dryRun"] = new JsonArray("All");
        return tree;
    }

    private static bool ReadDryRun(Microsoft.Extensions.Primitives.StringValues values)
    {
        foreach (var value in values)
        {
            if (value is not ("All" or ""))
                throw ApiException.BadRequest($"dryRun: Unsupported value: \"{value}\": supported values: \"All\"");
        }
        return values.Contains("All");
    }

    /// <summary><c>kubectl/v1.32.4 (linux/amd64)</c> is manager <c>kubectl</c>.</summary>
    private static string AgentName(string agent)
    {
        var name = agent.Split('/', ' ')[0];
        return name.Length == 0 ? "unknown" : name;
    }
}
