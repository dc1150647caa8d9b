using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>What is wrong with one field, in Kubernetes' words.</summary>
internal sealed record FieldError(string Field, string Reason, string Message)
{
    public static FieldError Required(string field, string detail = "") =>
        new(field, "FieldValueRequired", detail.Length == 0 ? "Required value" : "Required value: " + detail);

    public static FieldError Invalid(string field, JsonNode? value, string detail) =>
        new(field, "FieldValueInvalid", $"Invalid value: {Shown(value)}: {detail}");

    public static FieldError WrongType(string field, string found, string detail) =>
        new(field, "FieldValueTypeInvalid", $"Invalid value: \"{found}\": {detail}");

    public static FieldError NotSupported(string field, JsonNode? value, IEnumerable<JsonNode?> supported) =>
        new(field, "FieldValueNotSupported", $"Unsupported value: {Shown(value)}: supported values: {string.Join(", ", supported.Select(JsonTree.Text))}");

    public static FieldError TooLong(string field, string detail) => new(field, "FieldValueTooLong", $"Too long: {detail}");

    public static FieldError TooMany(string field, int count, long most) =>
        new(field, "FieldValueTooMany", $"Too many: {count}: must have at most {most} items");

    public static FieldError Duplicate(string field, JsonNode? value) =>
        new(field, "FieldValueDuplicate", $"Duplicate value: {Shown(value)}");

    public static FieldError Forbidden(string field, string detail) => new(field, "FieldValueForbidden", $"Forbidden: {detail}");

    public override string ToString() => Field.Length == 0 ? Message : $"{Field}: {Message}";

    public JsonObject ToCause() => new() { ["reason"] = Reason, ["message"] = Message, ["field"] = Field };

    private static string Shown(JsonNode? value) => JsonTree.Text(value);
}
