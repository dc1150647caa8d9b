using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Who asks.</summary>
/// <param name="Uid">Identity beyond the name, empty for users of certificates.</param>
internal sealed record Caller(string Name, IReadOnlyList<string> Groups, string Uid = "")
{
    public const string Masters = "system:masters";
    public const string Authenticated = "system:authenticated";

    /// <summary>The server itself: what housekeeping and defaulting write.</summary>
    public static readonly Caller Server = new("system:apiserver", [Masters, Authenticated]);

    /// <summary>Facts that an authenticator or an impersonator adds.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Who asked for this request, once it is known.</summary>
    public static Caller Of(HttpContext http) => http.Features.Get<Caller>() ?? throw new InvalidOperationException("the caller is not known yet");

    /// <summary>As reviews carry it (<c>userInfo</c>).</summary>
    public JsonObject ToTree()
    {
        var tree = new JsonObject { ["username"] = Name };
        if (Uid.Length > 0)
            tree["uid"] = Uid;
        tree["groups"] = Texts(Groups);
        if (Extra.Count > 0)
            tree["extra"] = new JsonObject(Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)Texts(e.Value))));
        return tree;
    }

    private static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
