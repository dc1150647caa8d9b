using System.Text.Json.Nodes;

namespace Migration.Node.Networks.Delegates;

/// <summary>The CNI configurations on this node's disk: what a NetworkAttachmentDefinition means that has none of its own.</summary>
internal sealed class NetworkFolder(string folder)
{
    private static readonly string[] Extensions = [".conflist", ".conf", ".json"];

    /// <summary>The list of this name, else the single plugin's configuration of this name.</summary>
    /// <exception cref="RefusedException">There is none.</exception>
    public NetworkList Load(string name)
    {
        foreach (var extension in Extensions)
        {
            if (Files(folder, extension).Select(path => TryParse(path, name)).FirstOrDefault(list => list?.Name == name) is { } found)
                return found.OnlyInlinedPlugins ? found : found.With(Added(name));
        }

        throw new RefusedException(
            Refusal.NotNow,
            $"network {name} has no configuration of its own, and there is none of that name in {folder}",
            new CniError(CniError.InvalidConfiguration, $"network {name} is not configured in {folder}", ""));
    }

    /// <summary>Other files than the one that is looked for may hold anything.</summary>
    private static NetworkList? TryParse(string path, string name)
    {
        try
        {
            return NetworkList.Parse(File.ReadAllText(path), Path.GetFileNameWithoutExtension(path));
        }
        catch (RefusedException) when (Path.GetFileNameWithoutExtension(path) != name)
        {
            return null;
        }
    }

    /// <summary>What others chained by a file in the folder of the network's name.</summary>
    private List<JsonObject> Added(string name) =>
        [.. Files(Path.Combine(folder, name), ".conf").Select(path => NetworkList.ParseObject(File.ReadAllText(path), name))];

    private static IEnumerable<string> Files(string folder, string extension) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*" + extension).Order(StringComparer.Ordinal) : [];
}
