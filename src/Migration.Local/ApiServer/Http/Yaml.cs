using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Migration.Local.ApiServer;

/// <summary>YAML in and out, as the trees that JSON is read into.</summary>
internal static class Yaml
{
    public static JsonNode? ToJson(ReadOnlyMemory<byte> utf8) => Documents(Encoding.UTF8.GetString(utf8.Span)).FirstOrDefault();

    /// <exception cref="ApiException">400: not YAML.</exception>
    public static IReadOnlyList<JsonNode?> Documents(string text)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return [.. stream.Documents.Select(d => Convert(d.RootNode, 0))];
        }
        catch (YamlException e)
        {
            throw ApiException.BadRequest($"error converting YAML to JSON: {e.Message}");
        }
    }

    public static byte[] FromJson(JsonNode? node)
    {
        // JSON strings are YAML strings, so only the structure has to be laid out.
        var text = new StringBuilder();
        Write(node, 0, text, false);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static JsonNode? Convert(YamlNode node, int depth)
    {
        if (depth > 200)
            throw ApiException.BadRequest("error converting YAML to JSON: nested too deeply");
        switch (node)
        {
            case YamlMappingNode mapping:
                var map = new JsonObject();
                foreach (var (key, value) in mapping)
                    map[((YamlScalarNode)key).Value ?? ""] = Convert(value, depth + 1);
                return map;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Select(item => Convert(item, depth + 1))]);
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    private static JsonNode? Scalar(YamlScalarNode node)
    {
        var text = node.Value ?? "";
        if (node.Style is not (ScalarStyle.Plain or ScalarStyle.Any))
            return text;
        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            // YAML 1.1, as everything in Kubernetes reads it.
            "true" or "True" or "TRUE" or "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => true,
            "false" or "False" or "FALSE" or "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => false,
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) => integer,
            _ when LooksLikeNumber(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            _ => text,
        };
    }

    private static bool LooksLikeNumber(string text) => char.IsAsciiDigit(text[^1]) && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '.' or '+');

    private static void Write(JsonNode? node, int indent, StringBuilder text, bool afterDash)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                var first = afterDash;
                foreach (var (name, value) in map)
                {
                    text.Append(' ', first ? 0 : indent).Append(Key(name)).Append(':');
                    WriteValue(value, indent + 2, text);
                    first = false;
                }
                break;
            case JsonArray { Count: > 0 } list:
                foreach (var item in list)
                {
                    text.Append(' ', indent).Append("- ");
                    Write(item, indent + 2, text, true);
                }
                break;
            default:
                text.Append(node is null ? "null" : Scalar(node)).Append('\n');
                break;
        }
    }

    private static void WriteValue(JsonNode? value, int indent, StringBuilder text)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            text.Append('\n');
            Write(value, value is JsonArray ? indent - 2 : indent, text, false);
        }
        else
        {
            text.Append(' ');
            Write(value, indent, text, false);
        }
    }

    private static string Scalar(JsonNode node) => node switch
    {
        JsonObject => "{}",
        JsonArray => "[]",
        _ => node.GetValueKind() == JsonValueKind.String ? JsonTree.Text(node) : node.ToJsonString(),
    };

    private static string Key(string name) =>
        name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/') && !char.IsAsciiDigit(name[0])
        && name is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n")
            ? name : JsonTree.Text(name);
}
