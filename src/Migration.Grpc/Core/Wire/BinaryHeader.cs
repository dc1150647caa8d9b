using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>The value of a "-bin" header: base64, sent without padding, accepted with or without.</summary>
internal static class BinaryHeader
{
    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    public static bool TryDecode(string value, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var digits = value.AsSpan().Trim().TrimEnd('=');
        if (digits.Length % 4 == 1) return false;
        var padded = digits.ToString().PadRight((digits.Length + 3) / 4 * 4, '=');
        var decoded = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, decoded, out var written)) return false;
        bytes = decoded[..written];
        return true;
    }
}
