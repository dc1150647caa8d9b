using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Questions about identity and rights. They are answered and not kept; everybody known may do everything.</summary>
internal sealed class Reviews(Authentication authentication, TimeProvider time)
{
    public static bool Handles(ResourceType type) => type.Group is "authentication.k8s.io" or "authorization.k8s.io";

    public async Task HandleAsync(HttpContext http, ResourceType type, Caller caller, CancellationToken ct)
    {
        if (!HttpMethods.IsPost(http.Request.Method))
            throw ApiException.MethodNotAllowed();
        var review = await RequestBody.ReadObjectAsync(http, [], ct);
        (review["apiVersion"], review["kind"]) = (type.ApiVersion, type.Kind);
        review.Child("metadata")["creationTimestamp"] ??= Timestamps.Format(time.GetUtcNow());
        review["status"] = type.Kind switch
        {
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = caller.ToTree() },
            "TokenReview" => TokenStatus(review.TextAt("spec", "token") ?? ""),
            "SelfSubjectRulesReview" => AllRules(),
            _ => new JsonObject { ["allowed"] = true, ["reason"] = "every authenticated user is an administrator of this cluster" },
        };
        await Responses.WriteAsync(http, MediaType.Negotiate(http.Request.Headers.Accept) with { As = "" }, 201, review, ct);
    }

    private JsonObject TokenStatus(string token) =>
        authentication.FromToken(token) is { } user
            ? new JsonObject { ["authenticated"] = true, ["user"] = user.ToTree() }
            : new JsonObject { ["authenticated"] = false, ["error"] = "invalid bearer token" };

    private static JsonObject AllRules() => new()
    {
        ["resourceRules"] = new JsonArray(new JsonObject
        {
            ["verbs"] = new JsonArray("*"), ["apiGroups"] = new JsonArray("*"), ["resources"] = new JsonArray("*"),
        }),
        ["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["nonResourceURLs"] = new JsonArray("*") }),
        ["incomplete"] = false,
    };
}
