using System.Text.Json;

namespace Migration.Qemu;

/// <summary>Members of QEMU's answers, most of which are optional.</summary>
internal static class JsonReading
{
    public static string Text(this JsonElement element, string name) => element.OptionalText(name) ?? "";

    public static string? OptionalText(this JsonElement element, string name) =>
        element.Has(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static long Number(this JsonElement element, string name) => element.OptionalNumber(name) ?? 0;

    // Some counters are unsigned 64-bit and some are fractions; neither is an error.
    public static long? OptionalNumber(this JsonElement element, string name)
    {
        if (!element.Has(name, out var value) || value.ValueKind != JsonValueKind.Number)
            return null;
        return value.TryGetInt64(out var number) ? number : (long)double.Clamp(value.GetDouble(), long.MinValue, long.MaxValue);
    }

    public static double Fraction(this JsonElement element, string name) =>
        element.Has(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;

    public static bool Flag(this JsonElement element, string name) => element.Has(name, out var value) && value.ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.Has(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];

    public static TimeSpan? OptionalMilliseconds(this JsonElement element, string name) =>
        element.OptionalNumber(name) is { } number ? TimeSpan.FromMilliseconds(number) : null;

    private static bool Has(this JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }
}
