using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>metav1.MicroTime: RFC 3339 in UTC with exactly six decimals, which is what servers insist on reading.</summary>
public sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));

    internal static DateTimeOffset Parse(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time))
            return time.ToUniversalTime();
        // Go writes up to nine decimals, TryGetDateTimeOffset reads seven.
        if (reader.TokenType == JsonTokenType.String && DateTimeOffset.TryParse(reader.GetString(), CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time))
            return time;
        throw new JsonException($"\"{(reader.TokenType == JsonTokenType.String ? reader.GetString() : reader.TokenType)}\" is not an RFC 3339 time");
    }
}
