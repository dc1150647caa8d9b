using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>A line of a watch: <c>{"type":…,"object":…}</c>, its object not yet read.</summary>
internal readonly ref struct RawEvent
{
    private RawEvent(string type, ReadOnlySpan<byte> item)
    {
        Type = type;
        Object = item;
    }

    public string Type { get; }

    public ReadOnlySpan<byte> Object { get; }

    public static RawEvent Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("it is not a JSON object");
        var type = "";
        ReadOnlySpan<byte> item = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isType && reader.TokenType == JsonTokenType.String)
                type = reader.GetString()!;
            reader.Skip();
            if (isObject)
                item = json[start..(int)reader.BytesConsumed];
        }
        return item.IsEmpty ? throw new JsonException("it has no object") : new RawEvent(type, item);
    }
}
