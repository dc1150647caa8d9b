using System.Security.Cryptography;
using System.Text;
using YamlDotNet.RepresentationModel;

namespace Migration.Kubernetes;

/// <summary>A mapping in a kubeconfig file; knows where it stands, so that errors can say so.</summary>
internal sealed record KubeconfigEntry(string File, string Where, YamlMappingNode Node)
{
    public string? Text(string name) =>
        Member(name) switch
        {
            null => null,
            YamlScalarNode { Value: null or "" or "null" or "~" } => null,
            YamlScalarNode scalar => scalar.Value,
            _ => throw Wrong($"{name} is not a text"),
        };

    public bool Flag(string name) => Text(name) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw Wrong($"{name} is \"{other}\", neither true nor false"),
    };

    public KubeconfigEntry? Child(string name, string? where = null) => Member(name) switch
    {
        YamlMappingNode mapping => new KubeconfigEntry(File, where ?? $"{Where} {name}".Trim(), mapping),
        null or YamlScalarNode { Value: null or "" or "null" } => null,
        _ => throw Wrong($"{name} is not a mapping"),
    };

    public IEnumerable<KubeconfigEntry> Children(string name) =>
        Sequence(name).OfType<YamlMappingNode>().Select(mapping => new KubeconfigEntry(File, $"{Where} {name}".Trim(), mapping));

    public IReadOnlyList<string> Texts(string name) => [.. Sequence(name).OfType<YamlScalarNode>().Select(scalar => scalar.Value ?? "")];

    /// <summary>PEM text from <c>name-data</c> (base64) or the file called <c>name</c>; the data win, as with kubectl.</summary>
    public string? Pem(string name)
    {
        if (Text($"{name}-data") is { } data)
            return Try($"{name}-data", () => Encoding.UTF8.GetString(Convert.FromBase64String(data)));
        return Text(name) is { } path ? Try(name, () => System.IO.File.ReadAllText(Relative(path))) : null;
    }

    public string Relative(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(File))!, path);

    /// <summary>Runs a step whose failure is the file's fault.</summary>
    public T Try<T>(string member, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception e) when (e is CryptographicException or FormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new KubeconfigException(Wrong($"{member}: {e.Message}").Message, e);
        }
    }

    public KubeconfigException Wrong(string why) => new(Where.Length == 0 ? $"{File}: {why}" : $"{File}: {Where} {why}");

    private YamlNode? Member(string name) => Node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? value : null;

    private IEnumerable<YamlNode> Sequence(string name) => Member(name) switch
    {
        YamlSequenceNode sequence => sequence.Children,
        null or YamlScalarNode { Value: null or "" or "null" } => [],
        _ => throw Wrong($"{name} is not a list"),
    };
}
