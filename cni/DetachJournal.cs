using System.Text.Json;

namespace Migration.Cni;

/// <summary>
/// What a node that is down has to undo later: one file for each attachment in <c>journal/</c> beside its socket, there whole or not at
/// all. The node reads the directory once it listens, detaches, and deletes each file it is done with.
/// </summary>
internal static class DetachJournal
{
    private const string Folder = "journal";

    /// <summary>Returns the file.</summary>
    public static string Record(Invocation invocation, NetworkConfiguration configuration)
    {
        var folder = Path.Combine(Path.GetDirectoryName(configuration.NodeSocket)!, Folder);
        Directory.CreateDirectory(folder);
        // None of the three can have a colon. The node looks for a key's entry by this name.
        var file = Path.Combine(folder, $"{configuration.Name}:{invocation.ContainerId}:{invocation.InterfaceName}.json");
        // Readers pass over names that do not end in .json.
        var unfinished = $"{file}.{Environment.ProcessId}";
        using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
        {
            using (var writer = new Utf8JsonWriter(stream))
            {
                writer.WriteStartObject();
                writer.WriteString("network"u8, configuration.Name);
                writer.WriteString("containerId"u8, invocation.ContainerId);
                writer.WriteString("interface"u8, invocation.InterfaceName);
                writer.WriteString("netns"u8, invocation.NetworkNamespace);
                writer.WriteEndObject();
            }
            stream.Flush(flushToDisk: true);
        }
        File.Move(unfinished, file, overwrite: true);
        return file;
    }
}
