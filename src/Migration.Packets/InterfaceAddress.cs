using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Migration.Packets;

/// <summary>An address of an interface with the length of its subnet's prefix: 10.244.1.5/24. (An <see cref="IPNetwork"/> has no host bits.)</summary>
public sealed record InterfaceAddress(IPAddress Address, int PrefixLength)
{
    public bool IsIpv4 => Address.AddressFamily == AddressFamily.InterNetwork;

    public static bool TryParse(string text, out InterfaceAddress? address)
    {
        address = null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var ip)) return false;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return false;
        if (length > (ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)) return false;
        address = new InterfaceAddress(ip, length);
        return true;
    }

    public static InterfaceAddress Parse(string text) =>
        TryParse(text, out var address) ? address! : throw new FormatException($"'{text}' is not an address with a prefix length like 10.244.1.5/24");

    public override string ToString() => $"{Address}/{PrefixLength}";
}
