using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The review sent to a webhook and the answer that comes back (<c>admission.k8s.io/v1 AdmissionReview</c>).</summary>
internal sealed record AdmissionReview(string Uid, JsonObject Body)
{
    /// <param name="type">The version of the resource that the webhook's rule names; objects are converted to it.</param>
    public static AdmissionReview For(AdmissionRequest request, ResourceType type)
    {
        var uid = Guid.NewGuid().ToString();
        var (group, version, kind) = request.Kind;
        var asked = new JsonObject
        {
            ["uid"] = uid,
            ["kind"] = Kind(type == request.Type ? (group, version, kind) : (type.Group, type.Version, kind)),
            ["resource"] = Resource(type),
        };
        if (request.Subresource.Length > 0)
            asked["subResource"] = request.Subresource;
        asked["requestKind"] = Kind((group, version, kind));
        asked["requestResource"] = Resource(request.Type);
        if (request.Subresource.Length > 0)
            asked["requestSubResource"] = request.Subresource;
        asked["name"] = request.Key.Name;
        if (request.Key.Namespace.Length > 0)
            asked["namespace"] = request.Key.Namespace;
        asked["operation"] = request.Operation.ToString().ToUpperInvariant();
        asked["userInfo"] = request.Caller.ToTree();
        asked["object"] = In(request.Object, request.Type, type);
        asked["oldObject"] = In(request.OldObject, request.Type, type);
        asked["dryRun"] = request.DryRun;
        asked["options"] = request.Options?.DeepClone();
        return new AdmissionReview(uid, new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["request"] = asked });
    }

    /// <summary>The <c>response</c> of a webhook's answer.</summary>
    /// <exception cref="HttpRequestException">It is no answer to this review.</exception>
    public JsonObject ResponseIn(JsonObject answer)
    {
        if (answer.TextAt("kind") != "AdmissionReview" || answer.TextAt("apiVersion") != "admission.k8s.io/v1")
            throw new HttpRequestException(
                $"expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {answer.TextAt("apiVersion")}, Kind={answer.TextAt("kind")}");
        if (answer["response"] is not JsonObject response)
            throw new HttpRequestException("webhook response was absent");
        return response.TextAt("uid") == Uid
            ? response
            : throw new HttpRequestException($"expected response.uid=\"{Uid}\", got \"{response.TextAt("uid")}\"");
    }

    private static JsonObject? In(JsonObject? tree, ResourceType from, ResourceType to)
    {
        var copy = tree?.Clone();
        if (copy is not null && from != to && copy.TextAt("apiVersion") == from.ApiVersion)
            Conversion.Convert(copy, to.ApiVersion);
        return copy;
    }

    private static JsonObject Kind((string Group, string Version, string Kind) kind) =>
        new() { ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Kind };

    private static JsonObject Resource(ResourceType type) => new() { ["group"] = type.Group, ["version"] = type.Version, ["resource"] = type.Plural };
}
