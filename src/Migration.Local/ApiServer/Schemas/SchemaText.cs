using System.Globalization;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Reads the compact notation in which the built-in kinds are written down. A line at the margin begins a type: its name, then what it is. An
/// indented line is a field: name (with ! when required), type, options, and after <c>--</c> what it is. Types: string, int, int32, bool, number,
/// time, microtime, bytes, quantity, intstr, any, a type's name; [] before a type is a list of it, {} a map to it. Options: <c>=value</c> default,
/// <c>key=a,b</c> list items are identified by these fields, <c>patch=a</c> strategic merge pairs items by another field, <c>merge</c> strategic
/// merge joins values, <c>set</c>, <c>atomic</c>, <c>oneof=a|b</c> allowed values.
/// </summary>
internal static class SchemaText
{
    public static IReadOnlyDictionary<string, Schema> Read(string text)
    {
        var types = new Dictionary<string, Schema>(StringComparer.Ordinal);
        var bodies = new List<(Schema Type, List<string> Fields)>();
        foreach (var line in text.Split('\n').Where(l => l.Trim().Length > 0))
        {
            if (line[0] == ' ')
            {
                bodies[^1].Fields.Add(line.Trim());
                continue;
            }
            var (name, description) = Cut(line, ' ');
            var type = new Schema { TypeName = name, Type = "object", Description = description, AtomicMap = name.EndsWith("Selector", StringComparison.Ordinal) };
            types[name] = type;
            bodies.Add((type, []));
        }
        foreach (var (type, fields) in bodies)
        {
            var read = fields.Select(f => ReadField(f, types)).ToList();
            type.Properties = read.ToDictionary(f => f.Name, f => f.Schema, StringComparer.Ordinal);
            type.Required = [.. read.Where(f => f.Required).Select(f => f.Name)];
        }
        return types;
    }

    private static (string Name, bool Required, Schema Schema) ReadField(string line, Dictionary<string, Schema> types)
    {
        var (declaration, description) = Cut(line, "--");
        var words = declaration.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var name = words[0].TrimEnd('!');
        return (name, words[0].EndsWith('!'), ReadType(words[1], words[2..], description, types));
    }

    private static Schema ReadType(string type, string[] options, string description, Dictionary<string, Schema> types)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
            return ReadList(type[2..], options, description, types);
        if (type.StartsWith("{}", StringComparison.Ordinal))
            return new Schema
            {
                Type = "object", Description = description, AdditionalProperties = ReadType(type[2..], [], "", types), AtomicMap = options.Contains("atomic"),
            };
        if (types.TryGetValue(type, out var named))
            return named;
        var (json, format) = Scalar(type);
        return new Schema
        {
            Type = json,
            Format = format,
            Description = description,
            IntOrString = type is "intstr" or "quantity",
            PreserveUnknownFields = type == "any",
            Default = ReadDefault(Option(options, "="), json),
            Enum = Option(options, "oneof=") is { } values ? [.. values.Split('|').Select(v => (JsonNode?)JsonValue.Create(v))] : null,
        };
    }

    private static Schema ReadList(string item, string[] options, string description, Dictionary<string, Schema> types)
    {
        var keys = Option(options, "key=")?.Split(',') ?? [];
        return new Schema
        {
            Type = "array",
            Description = description,
            Items = ReadType(item, [], "", types),
            ListType = options.Contains("atomic") ? "atomic" : keys.Length > 0 ? "map" : options.Contains("set") ? "set" : "atomic",
            ListMapKeys = keys,
            PatchMergeKey = Option(options, "patch=") ?? (options.Contains("replace") ? null : keys.FirstOrDefault()),
            PatchMergesValues = options.Contains("merge") || options.Contains("set"),
        };
    }

    private static (string Type, string Format) Scalar(string type) => type switch
    {
        "string" => ("string", ""),
        "int" => ("integer", "int64"),
        "int32" => ("integer", "int32"),
        "bool" => ("boolean", ""),
        "number" => ("number", "double"),
        "time" or "microtime" => ("string", "date-time"),
        "bytes" => ("string", "byte"),
        "intstr" => ("", "int-or-string"),
        "quantity" => ("", "quantity"),
        "any" => ("", ""),
        _ => throw new FormatException($"built-in schema: unknown type {type}"),
    };

    private static JsonNode? ReadDefault(string? text, string type) => (text, type) switch
    {
        (null, _) => null,
        (_, "integer") => JsonValue.Create(long.Parse(text, CultureInfo.InvariantCulture)),
        (_, "boolean") => JsonValue.Create(text == "true"),
        _ => JsonValue.Create(text),
    };

    private static string? Option(string[] options, string prefix) =>
        options.FirstOrDefault(o => o.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];

    private static (string Head, string Tail) Cut(string text, string at)
    {
        var index = text.IndexOf(at, StringComparison.Ordinal);
        return index < 0 ? (text.Trim(), "") : (text[..index].Trim(), text[(index + at.Length)..].Trim());
    }

    private static (string Head, string Tail) Cut(string text, char at) => Cut(text, at.ToString());
}
