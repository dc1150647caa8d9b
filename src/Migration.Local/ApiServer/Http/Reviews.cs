using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Questions about identity and rights. They are answered and not kept.</summary>
internal sealed class Reviews(Authentication authentication, Authorizer authorizer, TimeProvider time)
{
    public static bool Handles(ResourceType type) => type.Group is "authentication.k8s.io" or "authorization.k8s.io";

    public async Task HandleAsync(HttpContext http, RequestTarget target, Caller caller, CancellationToken ct)
    {
        var type = target.Type;
        if (!HttpMethods.IsPost(http.Request.Method))
            throw ApiException.MethodNotAllowed();
        var review = await RequestBody.ReadObjectAsync(http, [], ct);
        (review["apiVersion"], review["kind"]) = (type.ApiVersion, type.Kind);
        review.Child("metadata")["creationTimestamp"] ??= Timestamps.Format(time.GetUtcNow());
        review["status"] = type.Kind switch
        {
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = caller.ToTree() },
            "TokenReview" => TokenStatus(review["spec"]),
            "SelfSubjectRulesReview" => Rules(caller, review.TextAt("spec", "namespace") ?? ""),
            "SelfSubjectAccessReview" => AccessStatus(caller, review["spec"]),
            "LocalSubjectAccessReview" when review.TextAt("spec", "resourceAttributes", "namespace") != target.Namespace =>
                throw ApiException.BadRequest($"spec.resourceAttributes.namespace must match namespace: {target.Namespace}"),
            _ => AccessStatus(Subject(review["spec"]), review["spec"]),
        };
        await Responses.WriteAsync(http, MediaType.Negotiate(http.Request.Headers.Accept) with { As = "" }, 201, review, ct);
    }

    private JsonObject TokenStatus(JsonNode? spec)
    {
        var audiences = (spec.At("audiences") as JsonArray)?.Select(JsonTree.AsText).OfType<string>().ToList();
        if (authentication.FromToken(spec.TextAt("token") ?? "", audiences is { Count: > 0 } ? audiences : null) is not { } user)
            return new JsonObject { ["authenticated"] = false, ["user"] = new JsonObject(), ["error"] = "invalid bearer token" };
        var status = new JsonObject { ["authenticated"] = true, ["user"] = user.ToTree() };
        if (audiences is { Count: > 0 })
            status["audiences"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]);
        return status;
    }

    private JsonObject AccessStatus(Caller caller, JsonNode? spec)
    {
        if ((spec.At("resourceAttributes") is null) == (spec.At("nonResourceAttributes") is null))
            throw ApiException.Invalid("authorization.k8s.io", "SubjectAccessReview", "",
                [FieldError.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")]);
        var reason = authorizer.Reason(caller, AccessRequest.Of(spec));
        var status = new JsonObject { ["allowed"] = reason is not null };
        if (reason is { Length: > 0 })
            status["reason"] = reason;
        return status;
    }

    private static Caller Subject(JsonNode? spec)
    {
        var groups = (spec.At("groups") as JsonArray ?? []).Select(JsonTree.AsText).OfType<string>().ToList();
        var user = spec.TextAt("user") ?? "";
        return user.Length > 0 || groups.Count > 0
            ? new Caller(user, groups, spec.TextAt("uid") ?? "")
            : throw ApiException.Invalid("authorization.k8s.io", "SubjectAccessReview", "", [FieldError.Invalid("spec.user", "", "at least one of user or group must be specified")]);
    }

    private JsonObject Rules(Caller caller, string scope)
    {
        var rules = authorizer.RulesOf(caller, scope).ToList();
        return new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. rules.Where(r => r.Resources.Count > 0).Select(r => r.ToTree())]),
            ["nonResourceRules"] = new JsonArray([.. rules.Where(r => r.Paths.Count > 0).Select(r => r.ToTree())]),
            ["incomplete"] = false,
        };
    }
}
