using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// The protobuf form of an OpenAPI v2 document, the only one kubectl asks for. Field numbers are those of gnostic's OpenAPIv2.proto; maps are
/// lists of named entries there, and free values are YAML texts.
/// </summary>
internal static class SwaggerProtobuf
{
    public static byte[] Encode(JsonObject document)
    {
        var message = new ProtobufMessage();
        message.Text(1, document.TextAt("swagger"));
        message.Nested(2, Info(document["info"]));
        message.Nested(8, Paths((JsonObject)document["paths"]!));
        var definitions = new ProtobufMessage();
        foreach (var (name, schema) in (JsonObject)document["definitions"]!)
            definitions.Nested(1, Entry(name, Schema((JsonObject)schema!)));
        message.Nested(9, definitions);
        return message.ToArray();
    }

    private static ProtobufMessage Info(JsonNode? info)
    {
        var message = new ProtobufMessage();
        message.Text(1, info.TextAt("title"));
        message.Text(2, info.TextAt("version"));
        return message;
    }

    private static ProtobufMessage Paths(JsonObject paths)
    {
        var message = new ProtobufMessage();
        foreach (var (path, item) in paths)
            message.Nested(2, Entry(path, PathItem((JsonObject)item!)));
        return message;
    }

    private static ProtobufMessage PathItem(JsonObject item)
    {
        var message = new ProtobufMessage();
        foreach (var (verb, operation) in item)
        {
            var field = verb switch { "get" => 2, "put" => 3, "post" => 4, "delete" => 5, _ => 8 };
            message.Nested(field, Operation((JsonObject)operation!));
        }
        return message;
    }

    private static ProtobufMessage Operation(JsonObject operation)
    {
        var message = new ProtobufMessage();
        message.Text(5, operation.TextAt("operationId"));
        message.Texts(7, operation["consumes"]);
        foreach (var parameter in operation["parameters"] as JsonArray ?? [])
            message.Nested(8, QueryParameter(parameter));
        message.Nested(9, Responses((JsonObject)operation["responses"]!));
        Extensions(message, 13, operation);
        return message;
    }

    /// <summary>ParametersItem → Parameter → NonBodyParameter → QueryParameterSubSchema.</summary>
    private static ProtobufMessage QueryParameter(JsonNode? parameter)
    {
        var query = new ProtobufMessage();
        query.Text(2, parameter.TextAt("in"));
        query.Text(4, parameter.TextAt("name"));
        query.Text(6, parameter.TextAt("type"));
        query.Flag(20, true);
        return ProtobufMessage.Wrap(1, ProtobufMessage.Wrap(2, ProtobufMessage.Wrap(3, query)));
    }

    private static ProtobufMessage Responses(JsonObject responses)
    {
        var message = new ProtobufMessage();
        foreach (var (code, response) in responses)
        {
            var body = new ProtobufMessage();
            body.Text(1, response.TextAt("description"));
            message.Nested(1, Entry(code, ProtobufMessage.Wrap(1, body)));
        }
        return message;
    }

    private static ProtobufMessage Schema(JsonObject schema)
    {
        var message = new ProtobufMessage();
        foreach (var (name, value) in schema)
            SchemaMember(message, name, value!);
        Extensions(message, 31, schema);
        return message;
    }

    private static void SchemaMember(ProtobufMessage message, string name, JsonNode value)
    {
        switch (name)
        {
            case "$ref": message.Text(1, JsonTree.AsText(value)); break;
            case "format": message.Text(2, JsonTree.AsText(value)); break;
            case "title": message.Text(3, JsonTree.AsText(value)); break;
            case "description": message.Text(4, JsonTree.AsText(value)); break;
            case "default": message.Nested(5, Any(value)); break;
            case "multipleOf": message.Real(6, Number(value)); break;
            case "maximum": message.Real(7, Number(value)); break;
            case "exclusiveMaximum": message.Flag(8, IsTrue(value)); break;
            case "minimum": message.Real(9, Number(value)); break;
            case "exclusiveMinimum": message.Flag(10, IsTrue(value)); break;
            case "maxLength": message.Integer(11, (long)Number(value)); break;
            case "minLength": message.Integer(12, (long)Number(value)); break;
            case "pattern": message.Text(13, JsonTree.AsText(value)); break;
            case "maxItems": message.Integer(14, (long)Number(value)); break;
            case "minItems": message.Integer(15, (long)Number(value)); break;
            case "uniqueItems": message.Flag(16, IsTrue(value)); break;
            case "maxProperties": message.Integer(17, (long)Number(value)); break;
            case "minProperties": message.Integer(18, (long)Number(value)); break;
            case "required": message.Texts(19, value); break;
            case "enum":
                foreach (var allowed in value.AsArray())
                    message.Nested(20, Any(allowed));
                break;
            case "additionalProperties":
                message.Nested(21, value is JsonObject additional ? ProtobufMessage.Wrap(1, Schema(additional)) : BooleanItem(IsTrue(value)));
                break;
            case "type":
                var type = new ProtobufMessage();
                type.Text(1, JsonTree.AsText(value));
                message.Nested(22, type);
                break;
            case "items": message.Nested(23, ProtobufMessage.Wrap(1, Schema((JsonObject)value))); break;
            case "properties":
                var properties = new ProtobufMessage();
                foreach (var (property, child) in (JsonObject)value)
                    properties.Nested(1, Entry(property, Schema((JsonObject)child!)));
                message.Nested(25, properties);
                break;
        }
    }

    private static ProtobufMessage BooleanItem(bool value)
    {
        var message = new ProtobufMessage();
        message.Flag(2, value);
        return message;
    }

    private static void Extensions(ProtobufMessage message, int field, JsonObject holder)
    {
        foreach (var (name, value) in holder.Where(p => p.Key.StartsWith("x-", StringComparison.Ordinal)))
            message.Nested(field, Entry(name, Any(value)));
    }

    private static ProtobufMessage Any(JsonNode? value)
    {
        var message = new ProtobufMessage();
        message.Text(2, JsonTree.Text(value) + "\n");
        return message;
    }

    private static ProtobufMessage Entry(string name, ProtobufMessage value)
    {
        var message = new ProtobufMessage();
        message.Text(1, name);
        message.Nested(2, value);
        return message;
    }

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    private static bool IsTrue(JsonNode value) => value.GetValueKind() == JsonValueKind.True;

    /// <summary>A message being written: proto3, so empty values are left out.</summary>
    private sealed class ProtobufMessage
    {
        private readonly MemoryStream _bytes = new();

        public static ProtobufMessage Wrap(int field, ProtobufMessage inner)
        {
            var message = new ProtobufMessage();
            message.Nested(field, inner);
            return message;
        }

        public void Text(int field, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                Bytes(field, Encoding.UTF8.GetBytes(value));
        }

        public void Texts(int field, JsonNode? list)
        {
            foreach (var item in list as JsonArray ?? [])
                Bytes(field, Encoding.UTF8.GetBytes(JsonTree.AsText(item) ?? ""));
        }

        public void Nested(int field, ProtobufMessage inner) => Bytes(field, inner._bytes.GetBuffer().AsSpan(0, (int)inner._bytes.Length));

        public void Flag(int field, bool value)
        {
            if (value)
                Integer(field, 1);
        }

        public void Integer(int field, long value)
        {
            Variable((ulong)field << 3);
            Variable((ulong)value);
        }

        public void Real(int field, double value)
        {
            Variable(((ulong)field << 3) | 1);
            _bytes.Write(BitConverter.GetBytes(value));
        }

        public byte[] ToArray() => _bytes.ToArray();

        private void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Variable(((ulong)field << 3) | 2);
            Variable((ulong)value.Length);
            _bytes.Write(value);
        }

        private void Variable(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }
}
