using System.Text.Json.Nodes;

namespace Migration.Node.Networks.Delegates;

/// <summary>One interface of one container in one network, as its plugins are told: what libcni calls a runtime configuration.</summary>
internal sealed record PluginCall
{
    public required NetworkList List { get; init; }
    public required string ContainerId { get; init; }

    /// <summary>Empty where the namespace is gone.</summary>
    public required string NamespacePath { get; init; }
    public required string InterfaceName { get; init; }

    /// <summary>CNI_ARGS, in order.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Arguments { get; init; }

    /// <summary>Handed as runtimeConfig to the plugins that declare the capability.</summary>
    public required JsonObject Capabilities { get; init; }

    public Dictionary<string, string> Environment(string command) => new()
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = ContainerId,
        ["CNI_NETNS"] = NamespacePath,
        ["CNI_IFNAME"] = InterfaceName,
        ["CNI_ARGS"] = string.Join(';', Arguments.Select(argument => $"{argument.Key}={argument.Value}")),
    };

    /// <summary>A plugin's standard input.</summary>
    public JsonObject Input(JsonObject plugin, JsonObject? previousResult)
    {
        var input = plugin.DeepClone().AsObject();
        input["cniVersion"] = List.Version;
        input["name"] = List.Name;
        if (RuntimeConfiguration(plugin) is { Count: > 0 } runtime)
            input["runtimeConfig"] = runtime;
        if (previousResult is not null)
            input["prevResult"] = previousResult.DeepClone();
        return input;
    }

    /// <summary>Which of these a plugin takes: those that its configuration says true of.</summary>
    public static IEnumerable<string> Declared(JsonObject plugin, JsonObject capabilities) => plugin["capabilities"] is JsonObject declarations
        ? capabilities.Select(capability => capability.Key).Where(name => declarations[name] is JsonValue declared && declared.TryGetValue<bool>(out var wanted) && wanted)
        : [];

    private JsonObject RuntimeConfiguration(JsonObject plugin) =>
        new(Declared(plugin, Capabilities).Select(name => KeyValuePair.Create(name, Capabilities[name]?.DeepClone())));
}
