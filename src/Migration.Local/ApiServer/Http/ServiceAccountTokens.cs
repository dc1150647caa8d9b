using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Migration.Local.ApiServer;

/// <summary>
/// Tokens of service accounts: JSON web tokens (RFC 7519) signed with the authority's key (ES256), so that they outlive the server's process. One is
/// good as long as its time runs and the account, and the pod it was made for, are there.
/// </summary>
internal sealed class ServiceAccountTokens(CertificateAuthority authority, Store store, TimeProvider time) : IDisposable
{
    public const string DefaultAudience = "https://kubernetes.default.svc.cluster.local";
    private const string Facts = "kubernetes.io";
    private readonly ECDsa _key = authority.Certificate.GetECDsaPrivateKey()!;

    /// <param name="boundTo">Kind, name and uid of an object that the token ends with; null for none.</param>
    public string Issue(StoredObject account, IReadOnlyList<string> audiences, DateTimeOffset expires, (string Kind, string Name, string Uid)? boundTo)
    {
        var facts = new JsonObject
        {
            ["namespace"] = account.Namespace,
            ["serviceaccount"] = new JsonObject { ["name"] = account.Name, ["uid"] = account.Uid },
        };
        if (boundTo is { } bound)
            facts[bound.Kind.ToLowerInvariant()] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now,
            ["iss"] = DefaultAudience,
            ["jti"] = Guid.NewGuid().ToString(),
            [Facts] = facts,
            ["nbf"] = now,
            ["sub"] = $"system:serviceaccount:{account.Namespace}:{account.Name}",
        };
        var signed = $"{Encode(new JsonObject { ["alg"] = "ES256", ["typ"] = "JWT" })}.{Encode(claims)}";
        return $"{signed}.{WebEncoders.Base64UrlEncode(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    /// <summary>Who bears the token; null when it is none of ours, or no longer good.</summary>
    public Caller? Read(string token, IReadOnlyList<string>? audiences = null)
    {
        if (Claims(token) is not { } claims || claims.NumberAt("exp") <= time.GetUtcNow().ToUnixTimeSeconds())
            return null;
        var meant = (claims["aud"] as JsonArray ?? []).Select(JsonTree.AsText);
        if (!meant.Intersect(audiences ?? [DefaultAudience]).Any())
            return null;
        var facts = claims[Facts];
        var (scope, name, uid) = (facts.TextAt("namespace") ?? "", facts.TextAt("serviceaccount", "name") ?? "", facts.TextAt("serviceaccount", "uid") ?? "");
        if (store.Get("serviceaccounts", new ObjectKey(scope, name))?.Uid != uid || !IsPodThere(scope, facts.At("pod")))
            return null;
        return new Caller($"system:serviceaccount:{scope}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{scope}", Caller.Authenticated], uid)
        {
            Extra = Extra(claims, facts),
        };
    }

    public void Dispose() => _key.Dispose();

    private bool IsPodThere(string scope, JsonNode? pod) =>
        pod is null || store.Get("pods", new ObjectKey(scope, pod.TextAt("name") ?? ""))?.Uid == pod.TextAt("uid");

    private static Dictionary<string, IReadOnlyList<string>> Extra(JsonObject claims, JsonNode? facts)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = [$"JTI={claims.TextAt("jti")}"] };
        if (facts.At("pod") is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.TextAt("name") ?? ""];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.TextAt("uid") ?? ""];
        }
        return extra;
    }

    private JsonObject? Claims(string token)
    {
        if (token.Split('.') is not [var header, var body, var signature])
            return null;
        try
        {
            return _key.VerifyData(Encoding.ASCII.GetBytes($"{header}.{body}"), WebEncoders.Base64UrlDecode(signature), HashAlgorithmName.SHA256)
                ? JsonTree.ParseObject(WebEncoders.Base64UrlDecode(body))
                : null;
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException or CryptographicException)
        {
            // Whatever the bytes are, they are not a token of ours.
            return null;
        }
    }

    private static string Encode(JsonObject part) => WebEncoders.Base64UrlEncode(JsonTree.Serialize(part));
}
