using System.Net;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;

namespace Migration.Packets.Tests;

/// <summary>Whole frames of a guest: every message it can send, in every state.</summary>
internal static class Questions
{
    public const string Address = "10.244.1.5", Address6 = "fd00:10:244:1::5", LinkLocal = "fe80::aff:fef4:105";

    public static readonly MacAddress Guest = MacAddress.Parse("02:00:0a:f4:01:05");
    private static readonly byte[] ClientId = Convert.FromHexString("00010001299b0c2802000af40105");
    private static readonly MacAddress Gateway = MacAddress.Parse("0a:58:0a:f4:01:01");

    /// <summary>Every DHCPv4 message, by name.</summary>
    public static IEnumerable<(string Name, byte[] Frame)> Dhcp4()
    {
        DhcpOption server = new(DhcpOptionCode.ServerIdentifier, IPAddress.Parse("169.254.75.10").GetAddressBytes()),
            parameters = new(DhcpOptionCode.ParameterRequestList, new byte[] { 1, 3, 6, 12, 15, 26, 28, 42, 66, 67, 119, 121, 249 }),
            identifier = new(DhcpOptionCode.ClientIdentifier, Convert.FromHexString("ffaa3abfb800020000ab110033bdebf95e192c")),
            relay = new(DhcpOptionCode.RelayAgentInformation, Convert.FromHexString("0104deadbeef")),
            name = new(DhcpOptionCode.ClientName, Convert.FromHexString("050000" + "02766d")),
            large = new(DhcpOptionCode.MaximumMessageSize, new byte[] { 0x05, 0xdc }),
            rapid = new(DhcpOptionCode.RapidCommit, default);
        yield return ("discover", Dhcp4(DhcpMessageType.Discover, parameters));
        yield return ("discover with names", Dhcp4(DhcpMessageType.Discover, parameters, identifier, name));
        yield return ("discover, broadcast", Dhcp4(DhcpMessageType.Discover, "0.0.0.0", "0.0.0.0", broadcast: true, parameters));
        yield return ("discover, rapid", Dhcp4(DhcpMessageType.Discover, rapid, large, parameters));
        yield return ("discover, relayed", Dhcp4(DhcpMessageType.Discover, "0.0.0.0", "10.9.9.1", broadcast: false, identifier, relay));
        yield return ("discover of one that asks for nothing", Dhcp4(DhcpMessageType.Discover));
        yield return ("selecting", Dhcp4(DhcpMessageType.Request, server, Requested(Address), identifier, parameters));
        yield return ("selecting another server", Dhcp4(DhcpMessageType.Request, new(DhcpOptionCode.ServerIdentifier, new byte[] { 10, 0, 0, 1 }), Requested(Address)));
        yield return ("reboot", Dhcp4(DhcpMessageType.Request, Requested(Address), large, parameters));
        yield return ("reboot elsewhere", Dhcp4(DhcpMessageType.Request, Requested("10.9.9.9"), identifier));
        yield return ("reboot elsewhere, relayed", Dhcp4(DhcpMessageType.Request, "0.0.0.0", "10.9.9.1", broadcast: false, Requested("10.9.9.9"), relay));
        yield return ("renewing", Dhcp4(DhcpMessageType.Request, Address, "0.0.0.0", broadcast: false, identifier, parameters));
        yield return ("renewing elsewhere", Dhcp4(DhcpMessageType.Request, "10.9.9.9", "0.0.0.0", broadcast: false, parameters));
        yield return ("inform", Dhcp4(DhcpMessageType.Inform, "10.9.9.9", "0.0.0.0", broadcast: false, parameters));
        yield return ("inform without address", Dhcp4(DhcpMessageType.Inform, parameters));
        yield return ("release", Dhcp4(DhcpMessageType.Release, Address, "0.0.0.0", broadcast: false, server));
        yield return ("decline", Dhcp4(DhcpMessageType.Decline, server, Requested(Address)));
        yield return ("dhclient", RealClients.Dhclient);
        yield return ("udhcpc", RealClients.Udhcpc);
        yield return ("networkd", RealClients.Networkd);
        yield return ("networkd selecting", RealClients.NetworkdRequest);
        yield return ("dhcpcd", RealClients.Dhcpcd);
    }

    /// <summary>Every DHCPv6 message, by name.</summary>
    public static IEnumerable<(string Name, byte[] Frame)> Dhcp6()
    {
        var server = new Dhcp6Option(Dhcp6OptionCode.ServerIdentifier, Convert.FromHexString("00030001026d69677201"));
        Dhcp6Option everything = new(Dhcp6OptionCode.OptionRequest, Convert.FromHexString("00170018001f003800200027")),
            rapid = new(Dhcp6OptionCode.RapidCommit, default), name = new(Dhcp6OptionCode.ClientName, Convert.FromHexString("0102766d")),
            prefixes = new(Dhcp6OptionCode.Prefixes, Convert.FromHexString("aa3abfb80000000000000000")),
            temporary = new(Dhcp6OptionCode.TemporaryAddresses, Convert.FromHexString("aa3abfb9"));
        yield return ("solicit", Dhcp6(Dhcp6MessageType.Solicit, Association(1), everything));
        yield return ("solicit, rapid", Dhcp6(Dhcp6MessageType.Solicit, Association(1), rapid, everything, name));
        yield return ("solicit for everything", Dhcp6(Dhcp6MessageType.Solicit, Association(1), Association(2, "fd77::1"), prefixes, temporary));
        yield return ("request", Dhcp6(Dhcp6MessageType.Request, server, Association(1, Address6), everything));
        yield return ("request elsewhere", Dhcp6(Dhcp6MessageType.Request, server, Association(1, "fd77::1")));
        yield return ("confirm", Dhcp6(Dhcp6MessageType.Confirm, Association(1, Address6)));
        yield return ("confirm elsewhere", Dhcp6(Dhcp6MessageType.Confirm, Association(1, Address6, "fd77::1")));
        yield return ("renew", Dhcp6(Dhcp6MessageType.Renew, server, Association(1, Address6), prefixes, everything));
        yield return ("renew elsewhere", Dhcp6(Dhcp6MessageType.Renew, server, Association(1, "fd77::1")));
        yield return ("rebind", Dhcp6(Dhcp6MessageType.Rebind, Association(1, Address6), everything));
        yield return ("release", Dhcp6(Dhcp6MessageType.Release, server, Association(1, Address6), Association(2, "fd77::1")));
        yield return ("decline", Dhcp6(Dhcp6MessageType.Decline, server, Association(1, Address6)));
        yield return ("information", Dhcp6(Dhcp6MessageType.InformationRequest, everything));
        yield return ("renew, to one server", Dhcp6(Dhcp6MessageType.Renew, "fe80::6d:69ff:fe67:7201", server, Association(1, Address6)));
        yield return ("dhclient", RealClients.DhclientSolicit);
        yield return ("dhclient requesting", RealClients.DhclientRequest);
        yield return ("dhclient renewing", RealClients.DhclientRenew);
        yield return ("dhclient releasing", RealClients.DhclientRelease);
        yield return ("dhclient confirming", RealClients.DhclientConfirm);
        yield return ("dhcpcd", RealClients.DhcpcdSolicit);
        yield return ("networkd", RealClients.NetworkdSolicit);
    }

    /// <summary>Router and neighbour solicitations, and ARP, by name.</summary>
    public static IEnumerable<(string Name, byte[] Frame)> Neighbours()
    {
        const string source = "010102000af40105", nonce = "0e017ee907fa5984";
        yield return ("router", RealClients.RouterSolicitation);
        yield return ("router, without address", Neighbour(133, "::", "ff02::2", "00000000"));
        foreach (var target in new[] { "fe80::6d:69ff:fe67:7201", "fe80::6d:69ff:fe67:7202", "fd00:10:244:1::1" })
        {
            yield return ($"neighbour {target}", Neighbour(135, LinkLocal, Solicited(target), "00000000" + Hex(target) + source));
            yield return ($"neighbour {target}, still there", Neighbour(135, Address6, target, "00000000" + Hex(target)));
            yield return ($"probe for {target}", Neighbour(135, "::", Solicited(target), "00000000" + Hex(target) + nonce));
        }
        yield return ("a neighbour elsewhere", Neighbour(135, LinkLocal, Solicited("fd00:10:244:1::9"), "00000000" + Hex("fd00:10:244:1::9") + source));
        yield return ("probe for its own", RealClients.Probe);
    }

    public static byte[] Arp(string target)
    {
        var frame = new byte[EthernetFrame.MinimumLength];
        new ArpPacket(ArpOperation.Request, Guest, Ipv4Address.Parse(Address), default, Ipv4Address.Parse(target)).WriteFrame(frame, MacAddress.Broadcast, Guest);
        return frame;
    }

    private static byte[] Dhcp4(DhcpMessageType type, params DhcpOption[] options) => Dhcp4(type, "0.0.0.0", "0.0.0.0", broadcast: false, options);

    private static byte[] Dhcp4(DhcpMessageType type, string current, string relay, bool broadcast, params DhcpOption[] options)
    {
        var message = new DhcpPacket
        {
            TransactionId = 0x12345678,
            WantsBroadcast = broadcast,
            ClientMac = Guest,
            ClientAddress = Ipv4Address.Parse(current),
            RelayAddress = Ipv4Address.Parse(relay),
            Options = DhcpOptions.Of([new(DhcpOptionCode.MessageType, new[] { (byte)type }), .. options]),
        }.ToArray();
        var frame = new byte[42 + message.Length];
        message.CopyTo(frame, 42);
        Ipv4Address from = Ipv4Address.Parse(current), to = from.IsAny ? Ipv4Address.Broadcast : Ipv4Address.Parse("169.254.75.10");
        EthernetFrame.WriteHeader(frame, from.IsAny ? MacAddress.Broadcast : Gateway, Guest, EtherType.Ipv4);
        UdpDatagram.WriteHeader(frame.AsSpan(34), from, to, 68, 67, message.Length);
        Ipv4Packet.WriteHeader(frame.AsSpan(14), from, to, IpProtocol.Udp, message.Length + 8);
        return frame;
    }

    private static DhcpOption Requested(string address) => new(DhcpOptionCode.RequestedAddress, IPAddress.Parse(address).GetAddressBytes());

    private static byte[] Dhcp6(Dhcp6MessageType type, params Dhcp6Option[] options) => Dhcp6(type, "ff02::1:2", options);

    private static byte[] Dhcp6(Dhcp6MessageType type, string destination, params Dhcp6Option[] options)
    {
        var message = new Dhcp6Packet
        {
            Type = type,
            TransactionId = 0x123456,
            Options = [new(Dhcp6OptionCode.ClientIdentifier, ClientId), new(Dhcp6OptionCode.ElapsedTime, new byte[2]), .. options],
        }.ToArray();
        var frame = new byte[62 + message.Length];
        message.CopyTo(frame, 62);
        Ipv6Address from = Ipv6Address.Parse(LinkLocal), to = Ipv6Address.Parse(destination);
        EthernetFrame.WriteHeader(frame, to.MulticastMac, Guest, EtherType.Ipv6);
        Ipv6Packet.WriteHeader(frame.AsSpan(14), from, to, IpProtocol.Udp, message.Length + 8);
        UdpDatagram.WriteHeader(frame.AsSpan(54), from, to, 546, 547, message.Length);
        return frame;
    }

    private static Dhcp6Option Association(uint id, params string[] addresses) =>
        new Dhcp6Association(id, 0, 0, [.. addresses.Select(a => new Dhcp6Address(Ipv6Address.Parse(a), 0, 0))]).ToOption();

    private static byte[] Neighbour(byte type, string source, string destination, string body)
    {
        var bytes = Convert.FromHexString(body);
        var frame = new byte[58 + bytes.Length];
        bytes.CopyTo(frame, 58);
        Ipv6Address from = Ipv6Address.Parse(source), to = Ipv6Address.Parse(destination);
        EthernetFrame.WriteHeader(frame, to.IsMulticast ? to.MulticastMac : Gateway, Guest, EtherType.Ipv6);
        Ipv6Packet.WriteHeader(frame.AsSpan(14), from, to, IpProtocol.IcmpV6, 4 + bytes.Length, 255);
        Icmpv6Packet.WriteHeader(frame.AsSpan(54), type, from, to, bytes.Length);
        return frame;
    }

    private static string Solicited(string target) => Ipv6Address.Parse(target).SolicitedNode.ToString();

    private static string Hex(string address) => Convert.ToHexString(IPAddress.Parse(address).GetAddressBytes());
}
