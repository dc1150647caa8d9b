using System.Text;
using System.Text.Json;

namespace Migration.Controllers.Networks;

/// <summary>What can be said of a NetworkAttachmentDefinition's CNI configuration, or list of them, without executing it.</summary>
public static class CniConfigurations
{
    /// <summary>What is wrong with it, or null. Nothing is right: then it is the node's own files that have it, under the definition's name.</summary>
    public static string? Mistake(string configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration))
            return null;
        try
        {
            using var json = Parse(configuration);
            if (json.RootElement.ValueKind is not JsonValueKind.Object)
                return "is not a JSON object";
            if (!json.RootElement.TryGetProperty("plugins", out var plugins))
                return TypeOf(json.RootElement) is null ? "has neither type nor plugins" : null;
            return plugins.ValueKind is JsonValueKind.Array && plugins.GetArrayLength() > 0 && plugins.EnumerateArray().All(plugin => TypeOf(plugin) is not null)
                ? null
                : "has plugins that are not a list of objects with a type";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is for half of a surrogate pair.
            return $"is not JSON: {e.Message}";
        }
    }

    /// <summary>
    /// Whether a guest gets through with whatever MAC it has: behind a bridge that does not check it. Other networks may
    /// carry nothing for a MAC that is not the pod NIC's own, as macvlan does.
    /// </summary>
    public static bool PassesAnyMac(string configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration) || Mistake(configuration) is not null)
            return false;
        using var json = Parse(configuration);
        var plugins = Plugins(json);
        return TypeOf(plugins[0]) == "bridge" && !plugins.Exists(plugin => plugin.TryGetProperty("macspoofchk", out var check) && check.ValueKind is JsonValueKind.True);
    }

    /// <summary>
    /// Whether any of its plugins takes what a network selection asks for by this capability. Nobody can tell of a
    /// configuration that the node has.
    /// </summary>
    public static bool MayTake(string configuration, string capability)
    {
        if (string.IsNullOrWhiteSpace(configuration) || Mistake(configuration) is not null)
            return true;
        using var json = Parse(configuration);
        return Plugins(json).Exists(plugin =>
            plugin.TryGetProperty("capabilities", out var all) && all.ValueKind is JsonValueKind.Object && all.TryGetProperty(capability, out var takes) && takes.ValueKind is JsonValueKind.True);
    }

    private static List<JsonElement> Plugins(JsonDocument json) =>
        json.RootElement.TryGetProperty("plugins", out var list) ? list.EnumerateArray().ToList() : [json.RootElement];

    private static JsonDocument Parse(string configuration) => JsonDocument.Parse(Encoding.UTF8.GetBytes(configuration));

    private static string? TypeOf(JsonElement plugin) =>
        plugin.ValueKind is JsonValueKind.Object && plugin.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String && type.GetString() is { Length: > 0 } name ? name : null;
}
