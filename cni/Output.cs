using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Migration.Cni;

/// <summary>What goes to standard output, where the runtime expects one JSON object or nothing.</summary>
internal static class Output
{
    // Nobody puts this into a web page: quotes in messages stay readable.
    private static readonly JsonWriterOptions Plainly = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>prevResult as it came, which says the version of the request; where it does not, only that is put right.</summary>
    public static ReadOnlyMemory<byte> Result(ReadOnlyMemory<byte> previous, string version)
    {
        using var result = JsonDocument.Parse(previous);
        if (result.RootElement.TryGetProperty("cniVersion"u8, out var said) && said.ValueKind == JsonValueKind.String && said.ValueEquals(version))
            return previous;
        return Write(writer =>
        {
            writer.WriteString("cniVersion"u8, version);
            foreach (var member in result.RootElement.EnumerateObject())
            {
                if (member.NameEquals("cniVersion"u8)) continue;
                // As it was written: numbers keep their digits, strings their escapes.
                writer.WritePropertyName(member.Name);
                writer.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
            }
        });
    }

    public static ReadOnlyMemory<byte> Versions(string requested) => Write(writer =>
    {
        writer.WriteString("cniVersion"u8, requested);
        writer.WriteStartArray("supportedVersions"u8);
        foreach (var version in CniVersion.Supported) writer.WriteStringValue(version);
        writer.WriteEndArray();
    });

    public static ReadOnlyMemory<byte> Error(CniException error, string version) => Write(writer =>
    {
        writer.WriteString("cniVersion"u8, version);
        writer.WriteNumber("code"u8, (int)error.Code);
        writer.WriteString("msg"u8, error.Message);
        if (error.Details.Length > 0) writer.WriteString("details"u8, error.Details);
    });

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Plainly))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
