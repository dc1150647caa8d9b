using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Migration.Api;

/// <summary>
/// Addresses as people write them into specs. IPv4 is four decimal numbers, leading zeros tolerated: elsewhere "10" is
/// an address and "010" is eight.
/// </summary>
public static class AddressText
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text is null)
            return false;
        if (text.Contains(':', StringComparison.Ordinal))
            return !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal) && IPAddress.TryParse(text, out address);
        var parts = text.Split('.');
        var bytes = new byte[4];
        if (parts.Length != bytes.Length)
            return false;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
                return false;
        }
        address = new IPAddress(bytes);
        return true;
    }

    /// <summary>"address/length".</summary>
    public static bool TryParsePrefix(string text, [NotNullWhen(true)] out IPAddress? address, out int length)
    {
        (address, length) = (null, 0);
        return text.Split('/') is [var left, var right]
            && TryParse(left, out address)
            && int.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out length)
            && length <= address.GetAddressBytes().Length * 8;
    }

    /// <summary>"address/length"; host bits are dropped.</summary>
    public static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        if (!TryParsePrefix(text, out var address, out var length))
            return false;
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        network = new IPNetwork(new IPAddress(bytes), length);
        return true;
    }
}
