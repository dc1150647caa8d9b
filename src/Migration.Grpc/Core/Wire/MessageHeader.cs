using System.Text;

namespace Grpc.Core;

/// <summary>The value of grpc-message: UTF-8 with everything but printable ASCII, and '%' itself, percent-encoded.</summary>
internal static class MessageHeader
{
    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%')) return text;
        var encoded = new StringBuilder(text.Length + 16);
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (unit is >= (byte)' ' and <= (byte)'~' and not (byte)'%') encoded.Append((char)unit);
            else encoded.Append('%').Append(HexDigit(unit >> 4)).Append(HexDigit(unit & 15));
        }
        return encoded.ToString();
    }

    /// <summary>Never fails: what is not a valid escape stays as it is.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%')) return text;
        var source = Encoding.UTF8.GetBytes(text);
        var length = 0;
        for (var i = 0; i < source.Length; i++)
        {
            var escape = source[i] == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]);
            source[length++] = escape ? (byte)(HexValue(source[++i]) << 4 | HexValue(source[++i])) : source[i];
        }
        return Encoding.UTF8.GetString(source, 0, length);
    }

    private static char HexDigit(int value) => "0123456789ABCDEF"[value];

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
