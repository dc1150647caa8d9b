using System.Net;

namespace Migration.Packets.Dhcp;

/// <summary>Option 121 (RFC 3442): prefix length, the prefix's significant bytes, gateway; a gateway of 0.0.0.0 is "on the link".</summary>
internal static class ClasslessRoutes
{
    public static bool IsWellFormed(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return false;
        while (!value.IsEmpty)
        {
            var length = RouteLength(value[0]);
            if (value[0] > 32 || value.Length < length) return false;
            value = value[length..];
        }
        return true;
    }

    public static IReadOnlyList<DhcpRoute> Parse(ReadOnlySpan<byte> value)
    {
        var routes = new List<DhcpRoute>();
        Span<byte> padded = stackalloc byte[Ipv4Address.Length];
        while (!value.IsEmpty)
        {
            var significant = SignificantBytes(value[0]);
            padded.Clear();
            value.Slice(1, significant).CopyTo(padded);
            var prefix = new Ipv4Address(Ipv4Address.Read(padded).Bits & Ipv4Address.Mask(value[0]).Bits);
            var gateway = Ipv4Address.Read(value[(1 + significant)..]);
            routes.Add(new DhcpRoute(new IPNetwork(prefix.ToIPAddress(), value[0]), gateway.IsAny ? null : gateway.ToIPAddress()));
            value = value[RouteLength(value[0])..];
        }
        return routes;
    }

    public static byte[] Write(IEnumerable<DhcpRoute> routes)
    {
        var bytes = new List<byte>();
        Span<byte> address = stackalloc byte[Ipv4Address.Length];
        foreach (var route in routes)
        {
            bytes.Add((byte)route.Destination.PrefixLength);
            Ipv4Address.From(route.Destination.BaseAddress).Write(address);
            bytes.AddRange(address[..SignificantBytes(route.Destination.PrefixLength)]);
            (route.Gateway is null ? Ipv4Address.Any : Ipv4Address.From(route.Gateway)).Write(address);
            bytes.AddRange(address);
        }
        return [.. bytes];
    }

    private static int SignificantBytes(int prefixLength) => (prefixLength + 7) / 8;

    private static int RouteLength(int prefixLength) => 1 + SignificantBytes(prefixLength) + Ipv4Address.Length;
}
