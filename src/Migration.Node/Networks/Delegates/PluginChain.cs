using System.Text.Json.Nodes;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// The plugins of a list, one after the other: ADD and CHECK from the first to the last, DEL from the last to the first. Each ADD is given
/// the result of the one before; CHECK and DEL are given the final one.
/// </summary>
internal sealed class PluginChain(PluginRunner runner)
{
    /// <exception cref="RefusedException">A plugin is not on this node: nothing of the list could be executed, not even to undo it.</exception>
    public void RequirePlugins(NetworkList list)
    {
        foreach (var plugin in list.Plugins)
            runner.Find((string)plugin["type"]!);
    }

    public async Task<JsonObject> AddAsync(PluginCall call)
    {
        JsonObject? result = null;
        foreach (var plugin in call.List.Plugins)
            result = await RunAsync("ADD", call, plugin, result) ?? throw Silent(plugin);
        return result!;
    }

    public async Task DeleteAsync(PluginCall call, JsonObject? result)
    {
        var known = CniVersions.IsAtLeast(call.List.Version, CniVersions.WithCheck) ? result : null;
        foreach (var plugin in call.List.Plugins.Reverse())
            await RunAsync("DEL", call, plugin, known);
    }

    public async Task CheckAsync(PluginCall call, JsonObject? result)
    {
        if (call.List.DisableCheck || !CniVersions.IsAtLeast(call.List.Version, CniVersions.WithCheck))
            return;
        foreach (var plugin in call.List.Plugins)
            await RunAsync("CHECK", call, plugin, result);
    }

    /// <summary>Whether the network can serve an ADD; lists older than STATUS are not asked.</summary>
    public async Task StatusAsync(NetworkList list)
    {
        if (!CniVersions.IsAtLeast(list.Version, CniVersions.WithStatus))
            return;
        var call = OfNobody(list);
        foreach (var plugin in list.Plugins)
            await RunAsync("STATUS", call, plugin, previousResult: null);
    }

    /// <summary>Lets every plugin remove what does not belong to one of these; what fails is reported when all were asked.</summary>
    public async Task CollectAsync(NetworkList list, IEnumerable<(string ContainerId, string InterfaceName)> valid)
    {
        if (list.DisableCollect || !CniVersions.IsAtLeast(list.Version, CniVersions.WithStatus))
            return;
        var attachments = new JsonArray([.. valid.Select(one => new JsonObject { ["containerID"] = one.ContainerId, ["ifname"] = one.InterfaceName })]);
        var call = OfNobody(list);
        RefusedException? first = null;
        foreach (var plugin in list.Plugins)
        {
            try
            {
                var asked = plugin.DeepClone().AsObject();
                asked["cni.dev/valid-attachments"] = attachments.DeepClone();
                await RunAsync("GC", call, asked, previousResult: null);
            }
            catch (RefusedException failure)
            {
                first ??= failure;
            }
        }

        if (first is not null)
            throw first;
    }

    private Task<JsonObject?> RunAsync(string command, PluginCall call, JsonObject plugin, JsonObject? previousResult) =>
        runner.RunAsync((string)plugin["type"]!, call.Environment(command), call.Input(plugin, previousResult));

    private static PluginCall OfNobody(NetworkList list) =>
        new() { List = list, ContainerId = "", NamespacePath = "", InterfaceName = "", Arguments = [], Capabilities = [] };

    private static RefusedException Silent(JsonObject plugin)
    {
        var error = new CniError(CniError.Internal, $"{plugin["type"]} answered ADD with no result", "");
        return new(Refusal.NotNow, $"plugin {plugin["type"]} ADD: {error}", error);
    }
}
