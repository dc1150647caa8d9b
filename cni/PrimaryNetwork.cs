using System.Text.Encodings.Web;
using System.Text.Json;

namespace Migration.Cni;

/// <summary>
/// The configuration list that the runtime uses for pods: the first by name in its folder. Our entry comes and goes; everything else of
/// the list stays as it was written.
/// </summary>
internal sealed class PrimaryNetwork
{
    private const string Type = "migration-cni", Beside = "migration-cni.conf";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _path;
    private readonly JsonElement _list;

    private PrimaryNetwork(string path, JsonElement list) => (_path, _list) = (path, list);

    private string Name => _list.GetProperty("name"u8).GetString()!;

    private IEnumerable<JsonElement> Plugins => _list.GetProperty("plugins"u8).EnumerateArray();

    private bool IsChained => Plugins.Any(IsOurs);

    public static PrimaryNetwork Find(string folder)
    {
        var first = Configurations(folder).FirstOrDefault() ?? throw Refused($"{folder} has no network configuration yet: install the cluster's network first");
        return Read(first);
    }

    /// <summary>Appends our entry, behind everything that makes and adorns the interface.</summary>
    public string Chain(string socket)
    {
        if (Plugins.FirstOrDefault(IsOurs) is { ValueKind: JsonValueKind.Object } present)
        {
            if (present.TryGetProperty("nodeSocket"u8, out var said) && said.ValueEquals(socket)) return $"{_path}: chained already";
            Write(Plugins.Where(plugin => !IsOurs(plugin)), socket);
            return $"{_path}: chained with another node socket";
        }
        Write(Plugins, socket);
        return $"{_path}: chained behind {string.Join(", ", Plugins.Select(TypeOf))}";
    }

    /// <summary>For a libcni that appends what it finds in the folder named after the network: the list itself stays the network's own.</summary>
    public string ChainBeside(string socket)
    {
        if (_list.TryGetProperty("loadOnlyInlinedPlugins"u8, out var only) && only.ValueKind is JsonValueKind.True)
            throw Refused($"{_path} says loadOnlyInlinedPlugins: what lies beside it is not loaded");
        if (IsChained) throw Refused($"{_path} has {Type} in its list: it would be executed twice; --unchain first");
        var file = Path.Combine(Path.GetDirectoryName(_path)!, Name, Beside);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        ReplacedFile.Write(file, stream =>
        {
            using var writer = new Utf8JsonWriter(stream, Indented);
            WriteEntry(writer, socket, _list);
        });
        return $"wrote {file}";
    }

    /// <summary>Takes our entry out of every list of the folder, also of one that is the primary network's no longer.</summary>
    public static string Unchain(string folder)
    {
        var changed = new List<string>();
        foreach (var path in Configurations(folder).Where(path => path.EndsWith(".conflist", StringComparison.Ordinal)))
        {
            var network = Read(path);
            if (network.IsChained)
            {
                network.Write(network.Plugins.Where(plugin => !IsOurs(plugin)), socket: null);
                changed.Add(path);
            }
            var beside = Path.Combine(folder, network.Name, Beside);
            if (!File.Exists(beside)) continue;
            File.Delete(beside);
            if (!Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(beside)!).Any()) Directory.Delete(Path.GetDirectoryName(beside)!);
            changed.Add(beside);
        }
        return changed.Count == 0 ? $"{folder}: not chained" : $"unchained {string.Join(", ", changed)}";
    }

    // As libcni sorts them, and what it takes for one.
    private static IEnumerable<string> Configurations(string folder) => Directory.EnumerateFiles(folder)
        .Where(path => Path.GetExtension(path) is ".conf" or ".conflist" or ".json").Order(StringComparer.Ordinal);

    private static PrimaryNetwork Read(string path)
    {
        try
        {
            var list = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
            if (list.ValueKind is not JsonValueKind.Object || !list.TryGetProperty("plugins"u8, out var plugins) || plugins.ValueKind is not JsonValueKind.Array)
                throw Refused($"{path} is no configuration list (it has no plugins): nothing can be chained to it");
            if (plugins.EnumerateArray().Any(plugin => plugin.ValueKind is not JsonValueKind.Object))
                throw Refused($"{path}: plugins has an entry that is no object");
            if (!list.TryGetProperty("name"u8, out var name) || name.ValueKind is not JsonValueKind.String || !Cni.Name.IsValid(name.GetString()!))
                throw Refused($"{path} has no valid name");
            return new PrimaryNetwork(path, list);
        }
        catch (JsonException broken)
        {
            throw Refused($"{path} is not JSON: {broken.Message}");
        }
    }

    private void Write(IEnumerable<JsonElement> others, string? socket) => ReplacedFile.Write(_path, stream =>
    {
        using var writer = new Utf8JsonWriter(stream, Indented);
        writer.WriteStartObject();
        foreach (var member in _list.EnumerateObject())
        {
            if (!member.NameEquals("plugins"u8))
            {
                member.WriteTo(writer);
                continue;
            }
            writer.WriteStartArray(member.Name);
            foreach (var plugin in others) plugin.WriteTo(writer);
            if (socket is not null) WriteEntry(writer, socket, list: null);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    });

    private static void WriteEntry(Utf8JsonWriter writer, string socket, JsonElement? list)
    {
        writer.WriteStartObject();
        // A file of its own says what a list says for its plugins.
        if (list is { } network && network.TryGetProperty("cniVersion"u8, out var version))
        {
            writer.WritePropertyName("cniVersion"u8);
            version.WriteTo(writer);
        }
        writer.WriteString("type"u8, Type);
        writer.WriteString("nodeSocket"u8, socket);
        writer.WriteStartObject("capabilities"u8);
        writer.WriteBoolean(NetworkConfiguration.AnnotationsCapability, true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static bool IsOurs(JsonElement plugin) => TypeOf(plugin) == Type;

    private static string TypeOf(JsonElement plugin) =>
        plugin.TryGetProperty("type"u8, out var type) && type.ValueKind is JsonValueKind.String ? type.GetString()! : "?";

    private static CniException Refused(string message) => new(CniErrorCode.InvalidConfiguration, message);
}
