using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Checks a value against a schema. The messages are those of the Kubernetes API server, because people search for them.</summary>
internal static class Validation
{
    public static void Check(JsonNode? node, Schema schema, string path, List<FieldError> errors)
    {
        if (node is null)
        {
            if (!schema.Nullable && !schema.PreserveUnknownFields && schema.Type.Length > 0)
                errors.Add(FieldError.WrongType(path, "null", $"{path} in body must be of type {schema.Type}: \"null\""));
            return;
        }
        if (!CheckType(node, schema, path, errors))
            return;
        CheckEnum(node, schema, path, errors);
        switch (node)
        {
            case JsonObject map:
                CheckObject(map, schema, path, errors);
                break;
            case JsonArray list:
                CheckList(list, schema, path, errors);
                break;
            default:
                CheckScalar(node, schema, path, errors);
                break;
        }
        CheckAlternatives(node, schema, path, errors);
    }

    /// <summary>The JSON schema name of a value's type.</summary>
    public static string TypeOf(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => JsonTree.AsNumber(node) is not null ? "integer" : "number",
        },
    };

    private static bool CheckType(JsonNode node, Schema schema, string path, List<FieldError> errors)
    {
        var type = TypeOf(node);
        if (schema.IntOrString)
        {
            if (type is "integer" or "string")
                return true;
            errors.Add(FieldError.WrongType(path, type, $"{path} in body must be of type integer,string: \"{type}\""));
            return false;
        }
        if (schema.Type.Length == 0 || schema.Type == type || (schema.Type == "number" && type == "integer"))
            return true;
        errors.Add(FieldError.WrongType(path, type, $"{path} in body must be of type {schema.Type}: \"{type}\""));
        return false;
    }

    private static void CheckEnum(JsonNode node, Schema schema, string path, List<FieldError> errors)
    {
        if (schema.Enum is { } values && !values.Any(v => JsonTree.Same(v, node)))
            errors.Add(FieldError.NotSupported(path, node, values));
    }

    private static void CheckObject(JsonObject map, Schema schema, string path, List<FieldError> errors)
    {
        foreach (var name in schema.Required)
        {
            if (!map.ContainsKey(name))
                errors.Add(FieldError.Required(Join(path, name)));
        }
        if (schema.MinProperties is { } least && map.Count < least)
            errors.Add(FieldError.Invalid(path, map.Count, $"{path} in body should have at least {least} properties"));
        if (schema.MaxProperties is { } most && map.Count > most)
            errors.Add(FieldError.TooMany(path, map.Count, most));
        foreach (var (name, value) in map)
        {
            if (schema.Field(name) is { } field)
                Check(value, field, Join(path, name), errors);
        }
    }

    private static void CheckList(JsonArray list, Schema schema, string path, List<FieldError> errors)
    {
        if (schema.MinItems is { } least && list.Count < least)
            errors.Add(FieldError.Invalid(path, list.Count, $"{path} in body should have at least {least} items"));
        if (schema.MaxItems is { } most && list.Count > most)
            errors.Add(FieldError.TooMany(path, list.Count, most));
        if (schema.Items is { } items)
        {
            for (var i = 0; i < list.Count; i++)
                Check(list[i], items, $"{path}[{i}]", errors);
        }
        CheckDuplicates(list, schema, path, errors);
    }

    private static void CheckDuplicates(JsonArray list, Schema schema, string path, List<FieldError> errors)
    {
        if (!schema.UniqueItems && schema.ListType is not ("set" or "map"))
            return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var key = schema.ListType == "map" ? KeyOf(list[i], schema) : list[i]?.DeepClone();
            if (!seen.Add(JsonTree.Text(key)))
                errors.Add(FieldError.Duplicate($"{path}[{i}]", key));
        }
    }

    private static JsonObject KeyOf(JsonNode? item, Schema schema)
    {
        var key = new JsonObject();
        foreach (var name in schema.ListMapKeys)
            key[name] = (item.At(name) ?? schema.Items?.Field(name)?.Default)?.DeepClone();
        return key;
    }

    private static void CheckScalar(JsonNode node, Schema schema, string path, List<FieldError> errors)
    {
        if (JsonTree.AsText(node) is { } text)
            CheckText(text, node, schema, path, errors);
        else if (node.GetValueKind() == JsonValueKind.Number)
            CheckNumber(double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture), node, schema, path, errors);
    }

    private static void CheckText(string text, JsonNode node, Schema schema, string path, List<FieldError> errors)
    {
        var length = new StringInfo(text).LengthInTextElements;
        if (schema.MinLength is { } least && length < least)
            errors.Add(FieldError.Invalid(path, node, $"{path} in body should be at least {least} chars long"));
        if (schema.MaxLength is { } most && length > most)
            errors.Add(FieldError.TooLong(path, $"may not be more than {most} bytes"));
        if (schema.Pattern is { } pattern && !pattern.IsMatch(text))
            errors.Add(FieldError.Invalid(path, node, $"{path} in body should match '{pattern}'"));
        if (!FitsFormat(text, schema.Format))
            errors.Add(FieldError.Invalid(path, node, $"{path} in body must be of type {schema.Format}: {JsonTree.Text(node)}"));
    }

    private static bool FitsFormat(string text, string format) => format switch
    {
        "date-time" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _),
        "byte" => Convert.TryFromBase64String(text, new byte[Encoding.UTF8.GetByteCount(text)], out _),
        "ipv4" => System.Net.IPAddress.TryParse(text, out var a) && a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork,
        "ipv6" => System.Net.IPAddress.TryParse(text, out var a) && a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6,
        "cidr" => System.Net.IPNetwork.TryParse(text, out _),
        "uuid" => Guid.TryParse(text, out _),
        _ => true,
    };

    private static void CheckNumber(double value, JsonNode node, Schema schema, string path, List<FieldError> errors)
    {
        if (schema.Minimum is { } least && (schema.ExclusiveMinimum ? value <= least : value < least))
            errors.Add(FieldError.Invalid(path, node,
                $"{path} in body should be greater than {(schema.ExclusiveMinimum ? "" : "or equal to ")}{Shown(least)}"));
        if (schema.Maximum is { } most && (schema.ExclusiveMaximum ? value >= most : value > most))
            errors.Add(FieldError.Invalid(path, node,
                $"{path} in body should be less than {(schema.ExclusiveMaximum ? "" : "or equal to ")}{Shown(most)}"));
        if (schema.MultipleOf is { } factor && Math.Abs(Math.IEEERemainder(value, factor)) > 1e-9)
            errors.Add(FieldError.Invalid(path, node, $"{path} in body should be a multiple of {Shown(factor)}"));
        if (schema.Format == "int32" && value is < int.MinValue or > int.MaxValue)
            errors.Add(FieldError.Invalid(path, node, $"{path} in body must be of type int32: \"{Shown(value)}\""));
    }

    private static void CheckAlternatives(JsonNode node, Schema schema, string path, List<FieldError> errors)
    {
        foreach (var each in schema.AllOf)
            Check(node, each, path, errors);
        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(s => Fits(node, s, path)))
            errors.Add(FieldError.Invalid(path, node, $"{path} in body must validate at least one schema (anyOf)"));
        if (schema.OneOf.Count > 0 && schema.OneOf.Count(s => Fits(node, s, path)) != 1)
            errors.Add(FieldError.Invalid(path, node, $"{path} in body must validate one and only one schema (oneOf)"));
        if (schema.Not is { } not && Fits(node, not, path))
            errors.Add(FieldError.Invalid(path, node, $"{path} in body must not validate the schema (not)"));
    }

    private static bool Fits(JsonNode node, Schema schema, string path)
    {
        var errors = new List<FieldError>();
        Check(node, schema, path, errors);
        return errors.Count == 0;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : path + "." + name;

    private static string Shown(double value) => value.ToString(CultureInfo.InvariantCulture);
}
