using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>RTM_NEWROUTE and its kin: <c>struct rtmsg</c> and RTA_* attributes (include/uapi/linux/rtnetlink.h).</summary>
internal static class RouteMessage
{
    public const ushort New = 24, Delete = 25, Get = 26;

    private const ushort RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PRIORITY = 6, RTA_PREFSRC = 7, RTA_METRICS = 8, RTA_MULTIPATH = 9, RTA_TABLE = 15, RTA_VIA = 18;
    private const ushort RTAX_MTU = 2;
    private const uint RTNH_F_ONLINK = 4;

    public static MessageWriter WriteDump(byte family, uint table)
    {
        var message = new MessageWriter(Get, 0);
        message.Struct(new Body { Family = family });
        message.UInt32(RTA_TABLE, table);
        return message;
    }

    public static MessageWriter WriteLookUp(IPAddress destination)
    {
        var message = new MessageWriter(Get, 0);
        var bytes = destination.GetAddressBytes();
        message.Struct(new Body { Family = Family.Of(destination), DestinationLength = (byte)(bytes.Length * 8) });
        message.Attribute(RTA_DST, bytes);
        return message;
    }

    public static MessageWriter Write(ushort type, int flags, Route route)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(new Body
        {
            Family = Family.Of(route.Destination.BaseAddress),
            DestinationLength = (byte)route.Destination.PrefixLength,
            Protocol = route.Protocol,
            Scope = route.Scope ?? DefaultScope(type, route),
            Type = route.Type,
            Flags = route.OnLink ? RTNH_F_ONLINK : 0,
        });
        message.UInt32(RTA_TABLE, route.Table);
        if (route.Destination.PrefixLength > 0)
            message.Address(RTA_DST, route.Destination.BaseAddress);
        WriteGateway(message, route);
        if (route.InterfaceIndex is { } index)
            message.Int32(RTA_OIF, index);
        if (route.NextHops.Count > 0)
            WriteNextHops(message, route);
        if (route.Source is { } source)
            message.Address(RTA_PREFSRC, source);
        if (route.Metric is { } metric)
            message.UInt32(RTA_PRIORITY, metric);
        if (route.Mtu is { } mtu)
        {
            using (message.Nested(RTA_METRICS))
                message.UInt32(RTAX_MTU, mtu);
        }

        return message;
    }

    public static Route Read(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var destination = body.Family == Family.Ipv6 ? IPAddress.IPv6Any : IPAddress.Any;
        var route = new Route
        {
            Destination = default,
            Table = body.Table,
            Scope = body.Scope,
            Type = body.Type,
            Protocol = body.Protocol,
            OnLink = (body.Flags & RTNH_F_ONLINK) != 0,
        };
        while (reader.Next())
        {
            if (reader.Type == RTA_DST)
                destination = reader.Address();
            route = reader.Type switch
            {
                RTA_GATEWAY => route with { Gateway = reader.Address() },
                RTA_VIA => route with { Gateway = ReadVia(reader) },
                RTA_OIF => route with { InterfaceIndex = reader.Int32() },
                RTA_PREFSRC => route with { Source = reader.Address() },
                RTA_PRIORITY => route with { Metric = reader.UInt32() },
                RTA_TABLE => route with { Table = reader.UInt32() },
                RTA_MULTIPATH => route with { NextHops = ReadNextHops(reader.Value) },
                RTA_METRICS => route with { Mtu = ReadMtu(reader.Nested()) },
                _ => route,
            };
        }

        return route with { Destination = ToNetwork(destination, body.DestinationLength) };
    }

    // Deleting matches any scope when it says "nowhere".
    private static RouteScope DefaultScope(ushort type, Route route) =>
        type == Delete ? RouteScope.Nowhere
        : route is { Gateway: null, NextHops.Count: 0, Type: RouteType.Unicast } ? RouteScope.Link
        : RouteScope.Universe;

    private static void WriteGateway(MessageWriter message, Route route)
    {
        if (route.Gateway is not { } gateway)
            return;
        if (Family.Of(gateway) == Family.Of(route.Destination.BaseAddress))
            message.Address(RTA_GATEWAY, gateway);
        else
            message.Attribute(RTA_VIA, [Family.Of(gateway), 0, .. gateway.GetAddressBytes()]);
    }

    /// <summary><c>struct rtvia</c>: a family, then an address of it.</summary>
    private static IPAddress ReadVia(AttributeReader reader) =>
        reader.Value.Length is 2 + 4 or 2 + 16 ? new IPAddress(reader.Value[2..]) : throw AttributeReader.Malformed($"a gateway of {reader.Value.Length} bytes");

    /// <summary><c>struct rtnexthop</c> and its attributes, one after the other.</summary>
    private static List<NextHop> ReadNextHops(ReadOnlySpan<byte> hops)
    {
        var read = new List<NextHop>();
        while (!hops.IsEmpty)
        {
            if (hops.Length < Unsafe.SizeOf<Hop>() || MemoryMarshal.Read<Hop>(hops) is var hop && (hop.Length < Unsafe.SizeOf<Hop>() || hop.Length > hops.Length))
                throw AttributeReader.Malformed($"a next hop in {hops.Length} bytes");
            var reader = new AttributeReader(hops[Unsafe.SizeOf<Hop>()..hop.Length]);
            IPAddress? gateway = null;
            while (reader.Next())
                gateway = reader.Type switch { RTA_GATEWAY => reader.Address(), RTA_VIA => ReadVia(reader), _ => gateway };
            read.Add(new NextHop(gateway, hop.InterfaceIndex, hop.WeightLessOne + 1, (hop.Flags & RTNH_F_ONLINK) != 0));
            hops = hops[Math.Min(hops.Length, NetlinkHeader.Align(hop.Length))..];
        }

        return read;
    }

    private static void WriteNextHops(MessageWriter message, Route route)
    {
        using var all = message.Nested(RTA_MULTIPATH);
        foreach (var hop in route.NextHops)
        {
            var gateway = hop.Gateway?.GetAddressBytes() ?? [];
            var same = hop.Gateway is null || Family.Of(hop.Gateway) == Family.Of(route.Destination.BaseAddress);
            var size = Unsafe.SizeOf<Hop>() + (hop.Gateway is null ? 0 : 4 + gateway.Length + (same ? 0 : 2));
            message.Struct(new Hop { Length = (ushort)size, Flags = (byte)(hop.OnLink ? RTNH_F_ONLINK : 0), WeightLessOne = (byte)(hop.Weight - 1), InterfaceIndex = hop.InterfaceIndex });
            if (hop.Gateway is not null && same)
                message.Attribute(RTA_GATEWAY, gateway);
            else if (hop.Gateway is not null)
                message.Attribute(RTA_VIA, [Family.Of(hop.Gateway), 0, .. gateway]);
        }
    }

    private static uint? ReadMtu(AttributeReader metrics)
    {
        while (metrics.Next())
        {
            if (metrics.Type == RTAX_MTU)
                return metrics.UInt32();
        }

        return null;
    }

    private static IPNetwork ToNetwork(IPAddress destination, int length)
    {
        try
        {
            return new IPNetwork(destination, length);
        }
        catch (ArgumentException)
        {
            throw AttributeReader.Malformed($"{destination}/{length} is not a network");
        }
    }

    /// <summary><c>struct rtmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public byte Family;
        public byte DestinationLength;
        public byte SourceLength;
        public byte TypeOfService;
        public byte Table;
        public byte Protocol;
        public RouteScope Scope;
        public RouteType Type;
        public uint Flags;
    }

    /// <summary><c>struct rtnexthop</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Hop
    {
        public ushort Length;
        public byte Flags;
        public byte WeightLessOne;
        public int InterfaceIndex;
    }
}
