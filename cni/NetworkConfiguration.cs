using System.Text;
using System.Text.Json;

namespace Migration.Cni;

/// <summary>
/// The network configuration that the runtime writes to standard input. Read in one pass without a tree: of prevResult only where it
/// stands is remembered, because it goes out as it came in.
/// </summary>
internal sealed class NetworkConfiguration
{
    public const string DefaultNodeSocket = "/run/migration/node.sock";

    public const string AnnotationsCapability = "io.kubernetes.cri.pod-annotations";
    private const int DefaultTimeout = 10, LongestTimeout = 120;

    // sockaddr_un.sun_path with its closing zero.
    private const int LongestSocketPath = 107;

    private readonly HashSet<string> _seen = [];

    public string CniVersion { get; private set; } = Cni.CniVersion.Unsaid;

    public string Name { get; private set; } = "";

    public string NodeSocket { get; private set; } = DefaultNodeSocket;

    /// <summary>How long ADD and CHECK wait for the node, and for the machine's plan to reach it.</summary>
    public TimeSpan Timeout { get; private set; } = TimeSpan.FromSeconds(DefaultTimeout);

    /// <summary>The JSON of prevResult; empty where there is none.</summary>
    public ReadOnlyMemory<byte> PreviousResult { get; private set; }

    /// <summary>The pod's annotations, where the runtime hands them over.</summary>
    public Dictionary<string, string> PodAnnotations { get; } = [];

    /// <summary>What GC is to keep: container id and interface name.</summary>
    public HashSet<(string ContainerId, string InterfaceName)> ValidAttachments { get; } = [];

    public static NetworkConfiguration Parse(ReadOnlyMemory<byte> json)
    {
        var configuration = new NetworkConfiguration();
        try
        {
            configuration.Read(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CniException(CniErrorCode.Decode, "network configuration on standard input is not JSON as expected", e.Message);
        }
        return configuration;
    }

    /// <summary>Refuses what no command can work with.</summary>
    public void Check()
    {
        if (!Cni.CniVersion.IsSupported(CniVersion))
            throw new CniException(
                CniErrorCode.IncompatibleVersion, $"incompatible CNI version \"{CniVersion}\"", $"supported: {string.Join(", ", Cni.CniVersion.Supported)}");
        if (!Cni.Name.IsValid(Name)) throw Invalid(Name.Length == 0 ? "missing network name" : $"invalid network name \"{Name}\"");
        if (!Path.IsPathFullyQualified(NodeSocket) || NodeSocket.Contains('\0')) throw Invalid($"nodeSocket \"{NodeSocket}\" is not an absolute path");
        if (Encoding.UTF8.GetByteCount(NodeSocket) > LongestSocketPath) throw Invalid($"nodeSocket \"{NodeSocket}\" is longer than {LongestSocketPath} bytes");
        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromSeconds(LongestTimeout))
            throw Invalid($"timeoutSeconds {Timeout.TotalSeconds:0} is not 1 to {LongestTimeout}");
    }

    private void Read(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("an object is expected");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadMember(ref reader, json);
        // Anything behind the object is an error that the reader finds.
        reader.Read();
    }

    private void ReadMember(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        var name = reader.GetString()!;
        // Whichever of two were taken, somebody else took the other one.
        if (!_seen.Add(name)) throw Invalid($"{name} is there twice");
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return;
        switch (name)
        {
            case "cniVersion": CniVersion = Text(ref reader, name); break;
            case "name": Name = Text(ref reader, name); break;
            case "nodeSocket": NodeSocket = Text(ref reader, name); break;
            case "timeoutSeconds": Timeout = Seconds(ref reader, name); break;
            case "runtimeConfig": Object(ref reader, name, ReadRuntimeConfig); break;
            case "prevResult":
                if (reader.TokenType != JsonTokenType.StartObject) throw Invalid("prevResult is not an object");
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                PreviousResult = json[start..(int)reader.BytesConsumed];
                break;
            // libcni sends the second name beside the specified one, with the same content.
            case "cni.dev/valid-attachments" or "cni.dev/attachments": ReadAttachments(ref reader, name); break;
            default: reader.Skip(); break;
        }
    }

    private delegate void MemberReader(ref Utf8JsonReader reader, string name);

    private void ReadRuntimeConfig(ref Utf8JsonReader reader, string name)
    {
        if (name == AnnotationsCapability) Object(ref reader, name, ReadAnnotation);
        else reader.Skip();
    }

    private void ReadAnnotation(ref Utf8JsonReader reader, string name) => PodAnnotations[name] = Text(ref reader, $"annotation {name}");

    private void ReadAttachments(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Invalid($"{name} is not an array");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            string container = "", link = "";
            Object(ref reader, name, (ref Utf8JsonReader member, string key) =>
            {
                if (key == "containerID") container = Text(ref member, key);
                else if (key == "ifname") link = Text(ref member, key);
                else member.Skip();
            });
            // Passed over, an entry would be one that may be removed.
            if (container.Length == 0 || link.Length == 0) throw Invalid($"{name} has an entry without containerID or ifname");
            ValidAttachments.Add((container, link));
        }
    }

    private static void Object(ref Utf8JsonReader reader, string name, MemberReader member)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Invalid($"{name} is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null) continue;
            member(ref reader, key);
        }
    }

    private static string Text(ref Utf8JsonReader reader, string name) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Invalid($"{name} is not a string");

    private static TimeSpan Seconds(ref Utf8JsonReader reader, string name) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : throw Invalid($"{name} is not a whole number");

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidConfiguration, message);
}
