using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>A request as webhooks are asked about it.</summary>
/// <param name="Type">The resource, also when the request is to a subresource of it.</param>
internal sealed record AdmissionRequest(AdmissionOperation Operation, ResourceType Type, string Subresource, ObjectKey Key, Caller Caller)
{
    /// <summary>The object as it is to be; mutating webhooks change it in place. Null when something is deleted.</summary>
    public JsonObject? Object { get; init; }

    public JsonObject? OldObject { get; init; }

    /// <summary>CreateOptions, UpdateOptions, DeleteOptions, or the options of a connection.</summary>
    public JsonObject? Options { get; init; }

    public bool DryRun { get; init; }

    /// <summary>The object as it was before the first webhook changed it.</summary>
    public JsonObject? Sent { get; set; }

    /// <summary>Group, version and kind of <see cref="Object"/>, which through a subresource need not be those of the resource.</summary>
    public (string Group, string Version, string Kind) Kind
    {
        get
        {
            var apiVersion = Object.TextAt("apiVersion") ?? Type.ApiVersion;
            var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
            return (slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], Object.TextAt("kind") ?? Type.Kind);
        }
    }
}
