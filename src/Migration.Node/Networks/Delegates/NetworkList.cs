using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// A CNI network configuration list; a single plugin's configuration is a list of one. Read as libcni reads it: the newest known of
/// <c>cniVersion</c> and <c>cniVersions</c> is spoken, and a flag may be a string.
/// </summary>
internal sealed record NetworkList
{
    /// <summary>This node binds the NIC itself; a chain that ends in our own plugin would call back into the ADD that runs it.</summary>
    private const string OurOwnPlugin = "migration-cni";

    /// <summary>What is there twice would otherwise be found out late, and by whoever reads it.</summary>
    internal static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public required string Name { get; init; }
    public required string Version { get; init; }
    public bool DisableCheck { get; init; }
    public bool DisableCollect { get; init; }

    /// <summary>It may add plugins from a folder of its network's name (libcni 1.3).</summary>
    public bool OnlyInlinedPlugins { get; init; }
    public required IReadOnlyList<JsonObject> Plugins { get; init; }

    /// <summary>A configuration that has no name of its own gets the given one.</summary>
    /// <exception cref="RefusedException">It is no configuration; the message names the key.</exception>
    public static NetworkList Parse(string json, string defaultName)
    {
        var configuration = ParseObject(json, defaultName);
        var name = Text(configuration, "name", defaultName) is { Length: > 0 } given ? given : defaultName;
        if (!IsName(name))
            throw Nonsense(defaultName, $"name '{name}' is not letters, digits, '_', '.' and '-'");
        var plugins = configuration.ContainsKey("plugins") ? Inlined(configuration, name) : [configuration];
        return new NetworkList
        {
            Name = name,
            Version = VersionOf(configuration, name),
            DisableCheck = Flag(configuration, "disableCheck", name),
            DisableCollect = Flag(configuration, "disableGC", name),
            OnlyInlinedPlugins = Flag(configuration, "loadOnlyInlinedPlugins", name),
            Plugins = Checked(name, plugins),
        };
    }

    public NetworkList With(IReadOnlyList<JsonObject> more) => this with { Plugins = Checked(Name, [.. Plugins, .. more]) };

    /// <summary>As one list again, for the cache.</summary>
    public string ToJson() => new JsonObject
    {
        ["cniVersion"] = Version,
        ["name"] = Name,
        ["disableCheck"] = DisableCheck,
        ["disableGC"] = DisableCollect,
        ["loadOnlyInlinedPlugins"] = true,
        ["plugins"] = new JsonArray([.. Plugins.Select(plugin => plugin.DeepClone())]),
    }.ToJsonString();

    internal static JsonObject ParseObject(string json, string network)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: Strict) as JsonObject ?? throw Nonsense(network, "not a JSON object");
        }
        catch (JsonException broken)
        {
            throw Nonsense(network, broken.Message);
        }
    }

    private static List<JsonObject> Inlined(JsonObject configuration, string name) =>
        configuration["plugins"] is JsonArray { Count: > 0 } plugins
            ? [.. plugins.Select(plugin => plugin as JsonObject ?? throw Nonsense(name, "plugins holds something that is not an object"))]
            : throw Nonsense(name, "plugins is not a list of at least one plugin");

    private static IReadOnlyList<JsonObject> Checked(string name, List<JsonObject> plugins)
    {
        foreach (var plugin in plugins)
        {
            if (Text(plugin, "type", name) is not { Length: > 0 } type || type.Contains('/'))
                throw Nonsense(name, "a plugin without type, or with a path for one");
        }

        return plugins.Where(plugin => (string?)plugin["type"] != OurOwnPlugin).ToList() is { Count: > 0 } others
            ? others
            : throw Nonsense(name, $"no plugin besides {OurOwnPlugin}, which makes no NIC");
    }

    private static string VersionOf(JsonObject configuration, string name)
    {
        var one = Text(configuration, "cniVersion", name) is { Length: > 0 } version ? version : CniVersions.Oldest;
        var several = configuration["cniVersions"] is JsonArray list ? list.Select(item => item?.GetValueKind() is JsonValueKind.String ? (string)item! : "") : [];
        return CniVersions.Newest([one, .. several]) ?? throw Nonsense(name, $"cniVersion '{one}' is none of {CniVersions.All}");
    }

    private static string? Text(JsonObject configuration, string key, string network) => configuration[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw Nonsense(network, $"{key} is not a string"),
    };

    private static bool Flag(JsonObject configuration, string key, string network) => configuration[key] switch
    {
        null => false,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        JsonValue value when value.TryGetValue<string>(out var text) && bool.TryParse(text, out var flag) => flag,
        _ => throw Nonsense(network, $"{key} is neither true nor false"),
    };

    private static bool IsName(string name) =>
        name.Length is > 0 and <= 63 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static RefusedException Nonsense(string network, string reason) =>
        new(Refusal.Malformed, $"configuration of CNI network {network}: {reason}", new CniError(CniError.InvalidConfiguration, $"network {network}: {reason}", ""));
}
