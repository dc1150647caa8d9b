using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>metav1.Time: RFC 3339, UTC, whole seconds when written; any RFC 3339 when read.</summary>
public sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        MicroTimeConverter.Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}
