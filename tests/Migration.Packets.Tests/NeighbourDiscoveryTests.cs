using System.Net;
using Migration.Packets.Dhcp;
using Migration.Packets.Ndp;

namespace Migration.Packets.Tests;

/// <summary>RFC 4861: which messages are heard, and what router and neighbours say.</summary>
public sealed class NeighbourDiscoveryTests
{
    private const string Guest = "fe80::aff:fef4:105", Router = "fe80::6d:69ff:fe67:7202", ServerLinkLocal = "fe80::6d:69ff:fe67:7201";
    private const string GuestMac = "02:00:0a:f4:01:05", GatewayMac = "0a:58:0a:f4:01:01", ServerMac = "02:6d:69:67:72:01";

    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    private static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse(GuestMac),
        Addresses = [InterfaceAddress.Parse("fd00:1::5/64"), InterfaceAddress.Parse("fd00:2::5/128"), InterfaceAddress.Parse("fd00:1::6/64")],
        GatewayIpv6 = IPAddress.Parse("fd00:1::1"),
        NameServers = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00::a"), IPAddress.Parse("fd00::b")],
        SearchDomains = ["svc.cluster.local", "cluster.local"],
        Routes = [new(IPNetwork.Parse("fd77::/16"), IPAddress.Parse("fd00:1::2")), new(IPNetwork.Parse("fd00:3::/96"), null), new(IPNetwork.Parse("fe80::/64"), null)],
        Mtu = 1450,
        ValidFor = TimeSpan.FromHours(2),
    };

    private readonly GuestResponder _responder = new(
        Lease, Server,
        new Dictionary<IPAddress, MacAddress>
        {
            [IPAddress.Parse("fd00:1::1")] = MacAddress.Parse(GatewayMac),
            [IPAddress.Parse("fd00:1::77")] = MacAddress.Parse("0a:58:00:00:00:77"),
            [IPAddress.Parse("fd00:1::5")] = MacAddress.Parse("0a:58:00:00:00:05"),
        },
        RouterIdentity.Through(MacAddress.Parse(GatewayMac)));

    private readonly byte[] _reply = new byte[GuestResponder.MaximumFrame];

    [Fact]
    public void A_real_solicitation_is_answered_with_everything_a_guest_must_know()
    {
        var answer = _responder.Answer(RealClients.RouterSolicitation, _reply);

        Assert.Equal(GuestAnswerKind.RouterSolicitation, answer.Kind);
        var (frame, packet, message) = Read(answer.Length);
        Assert.Equal((MacAddress.Parse(GuestMac), MacAddress.Parse(GatewayMac)), (frame.Destination, frame.Source));
        Assert.Equal((Router, Guest, 255), (packet.Source.ToString(), packet.Destination.ToString(), packet.HopLimit));
        Assert.Equal((134, 0), (message.Type, message.Code));
        Assert.Equal("40" + "C0" + "0708" + "00000000" + "00000000", Hex(message.Body[..12]));
        Assert.Equal(
            [
                "01:" + "0A580AF40101",
                "05:" + "0000" + "000005AA",
                "19:" + "0000" + "00000708" + "FD00000000000000000000000000000A" + "FD00000000000000000000000000000B",
                // On the link, and nothing to make an address of.
                "03:" + "4080" + "00001C20" + "00001C20" + "00000000" + "FD000001000000000000000000000000",
                "03:" + "6080" + "00001C20" + "00001C20" + "00000000" + "FD000003000000000000000000000000",
                "18:" + "1000" + "00000708" + "FD770000000000000000000000000000",
                "1F:" + "0000" + "00000708" + Hex("\u0003svc\u0007cluster\u0005local\0\u0007cluster\u0005local\0"u8) + "000000000000",
            ], Options(message.Body[12..]));
    }

    [Fact]
    public void One_without_address_is_answered_through_the_group()
    {
        var question = Solicitation(133, "::", "ff02::2", "00000000");

        var answer = _responder.Answer(question, _reply);

        var (frame, packet, _) = Read(answer.Length);
        Assert.Equal((MacAddress.Parse("33:33:00:00:00:01"), "ff02::1"), (frame.Destination, packet.Destination.ToString()));
    }

    [Fact]
    public void An_advertisement_from_time_to_time_is_for_everybody()
    {
        var (frame, packet, message) = Read(_responder.WriteAdvertisement(_reply));

        Assert.Equal((MacAddress.Parse("33:33:00:00:00:01"), "ff02::1"), (frame.Destination, packet.Destination.ToString()));
        Assert.Equal("0708", Hex(message.Body[2..4]));
        Assert.Equal(Router, _responder.Router.ToString());
    }

    [Fact]
    public void A_router_that_leaves_says_so()
    {
        var (_, packet, message) = Read(_responder.WriteFarewell(_reply));

        Assert.Equal((Router, "ff02::1"), (packet.Source.ToString(), packet.Destination.ToString()));
        Assert.Equal("0000", Hex(message.Body[2..4]));
        Assert.Equal(["01", "05", "19", "1F"], Options(message.Body[12..]).Select(o => o[..2]));
        Assert.All(Options(message.Body[12..]).Where(o => o[..2] is "19" or "1F"), option => Assert.Equal("00000000", option[7..15]));
    }

    [Fact]
    public void Without_gateway_there_is_no_default_router()
    {
        var responder = new GuestResponder(Lease with { GatewayIpv6 = null }, Server, null, RouterIdentity.Through(MacAddress.Parse(GatewayMac)));

        var (_, packet, message) = Read(responder.WriteAdvertisement(_reply));

        Assert.Equal(Router, packet.Source.ToString());
        Assert.Equal("C00000", Hex(message.Body[1..4]));
        Assert.DoesNotContain(Options(message.Body[12..]), o => o.StartsWith("18", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_anybody_who_forwards_the_server_speaks_and_is_no_default_router()
    {
        var (frame, packet, message) = Read(new GuestResponder(Lease, Server).WriteAdvertisement(_reply));

        Assert.Equal((MacAddress.Parse(ServerMac), ServerLinkLocal), (frame.Source, packet.Source.ToString()));
        Assert.Equal("C00000", Hex(message.Body[1..4]));
    }

    [Theory]
    [InlineData("fd00::1", null, null, true)]
    [InlineData(null, "fd00::1", null, true)]
    [InlineData(null, null, "fd00::1", true)]
    [InlineData(null, "10.0.0.1", null, false)]
    public void The_gateway_may_come_in_several_ways(string? ipv6, string? gateway, string? route, bool isRouter)
    {
        var lease = Lease with
        {
            GatewayIpv6 = ipv6 is null ? null : IPAddress.Parse(ipv6),
            Gateway = gateway is null ? null : IPAddress.Parse(gateway),
            Routes = route is null ? [] : [new(IPNetwork.Parse("::/0"), IPAddress.Parse(route))],
        };

        var (_, _, message) = Read(new GuestResponder(lease, Server, null, RouterIdentity.Through(default)).WriteAdvertisement(_reply));

        Assert.Equal(isRouter ? "0708" : "0000", Hex(message.Body[2..4]));
    }

    [Fact]
    public void An_advertisement_fits_every_link()
    {
        var lease = Lease with
        {
            SearchDomains = [.. Enumerable.Range(0, 100).Select(i => $"namespace-{i}.svc.cluster.local")],
            NameServers = [.. Enumerable.Range(1, 20).Select(i => IPAddress.Parse($"fd00::{i:x}"))],
            Routes = [.. Enumerable.Range(1, 15).Select(i => new DhcpRoute(IPNetwork.Parse($"fd{i:x2}::/16"), IPAddress.Parse("fd00:1::2")))],
        };
        var length = new GuestResponder(lease, Server, null, RouterIdentity.Through(default)).WriteAdvertisement(_reply);

        Assert.InRange(length, 1000, RouterAdvertisement.MaximumFrame);
        var (_, _, message) = Read(length);
        var names = Options(message.Body[12..]).Single(o => o.StartsWith("1F", StringComparison.Ordinal));
        Assert.EndsWith("00", names); // whole names
    }

    [Fact]
    public void A_link_too_small_for_IPv6_is_not_told_its_mtu() => Assert.DoesNotContain(
        Options(Read(new GuestResponder(Lease with { Mtu = 1000 }, Server).WriteAdvertisement(_reply)).Message.Body[12..]),
        o => o.StartsWith("05", StringComparison.Ordinal));

    [Fact]
    public void A_lease_without_IPv6_leaves_IPv6_to_others()
    {
        var responder = new GuestResponder(Lease with { Addresses = [InterfaceAddress.Parse("10.244.1.5/24")] }, Server, null, RouterIdentity.Through(default));

        foreach (var frame in new[] { RealClients.RouterSolicitation, RealClients.DhclientSolicit, Solicitation(135, Guest, null, "00000000", Router) })
            Assert.Equal(GuestAnswerKind.NotForUs, responder.Answer(frame, _reply).Kind);
        Assert.Equal((0, 0, null), (responder.WriteAdvertisement(_reply), responder.WriteFarewell(_reply), responder.Router));
    }

    [Theory]
    // target → owner, is it a router
    [InlineData(Router, GatewayMac, true)]
    [InlineData(ServerLinkLocal, ServerMac, false)]
    [InlineData("fd00:1::1", GatewayMac, true)] // a pinned gateway
    [InlineData("fd00:1::77", "0a:58:00:00:00:77", false)]
    public void Neighbours_of_ours_are_answered_for(string target, string mac, bool isRouter)
    {
        var answer = _responder.Answer(Solicitation(135, Guest, null, "00000000", target), _reply);

        Assert.Equal(GuestAnswerKind.NeighbourSolicitation, answer.Kind);
        var (frame, packet, message) = Read(answer.Length);
        Assert.Equal((MacAddress.Parse(GuestMac), MacAddress.Parse(mac)), (frame.Destination, frame.Source));
        Assert.Equal((target, Guest, 255), (packet.Source.ToString(), packet.Destination.ToString(), packet.HopLimit));
        Assert.True(NeighbourAdvertisement.TryParse(packet, message, out var said, out var reason), reason);
        Assert.Equal(new NeighbourAdvertisement(Ipv6Address.Parse(target), MacAddress.Parse(mac), isRouter, IsSolicited: true, Overrides: true), said);
    }

    [Theory]
    [InlineData("fd00:1::5")] // the guest's own, although it is pinned
    [InlineData("fd00:1::6")]
    [InlineData(Guest)]
    [InlineData("fd00:1::99")]
    [InlineData("fe80::1")]
    public void A_probe_for_what_is_not_ours_finds_no_duplicate(string target) =>
        Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(Solicitation(135, "::", null, "00000000", target), _reply).Kind);

    [Fact]
    public void A_real_probe_finds_no_duplicate() => Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(RealClients.Probe, _reply).Kind);

    [Fact]
    public void A_probe_for_what_is_ours_finds_it_taken()
    {
        var answer = _responder.Answer(Solicitation(135, "::", null, "00000000", Router), _reply);

        var (frame, packet, message) = Read(answer.Length);
        Assert.Equal((MacAddress.Parse("33:33:00:00:00:01"), "ff02::1"), (frame.Destination, packet.Destination.ToString()));
        Assert.True(NeighbourAdvertisement.TryParse(packet, message, out var said, out _));
        Assert.Equal((false, true), (said.IsSolicited, said.Overrides));
    }

    [Theory]
    // type, source, destination, before the target, target, options, hop limit → why not
    [InlineData(133, Guest, "ff02::2", "00000000", null, "", 254, "not from this link")]
    [InlineData(133, Guest, "ff02::2", "000000", null, "", 255, "malformed")]
    [InlineData(133, Guest, "ff02::2", "00000000", null, "0100", 255, "no length")]
    [InlineData(133, Guest, "ff02::2", "00000000", null, "01", 255, "cut short")]
    [InlineData(133, Guest, "ff02::2", "00000000", null, "010202000af40105", 255, "cut short")]
    [InlineData(133, "::", "ff02::2", "00000000", null, "010102000af40105", 255, "names a source")]
    [InlineData(135, Guest, null, "00000000", Router, "", 1, "not from this link")]
    [InlineData(135, Guest, null, "000000", null, "", 255, "malformed")]
    [InlineData(135, Guest, "ff02::1", "00000000", "ff02::5", "", 255, "a group")]
    [InlineData(135, "::", null, "00000000", Router, "010102000af40105", 255, "names a source")]
    [InlineData(135, "::", Router, "00000000", Router, "", 255, "group")]
    [InlineData(135, Guest, null, "00000000", Router, "0100", 255, "no length")]
    public void What_must_be_dropped_is_dropped(int type, string source, string? destination, string head, string? target, string options, int hopLimit, string reason)
    {
        var answer = _responder.Answer(Solicitation(type, source, destination, head, target, options, hopLimit), _reply);

        Assert.Equal((GuestAnswerKind.Malformed, 0), (answer.Kind, answer.Length));
        Assert.Contains(reason, answer.Reason);
    }

    [Fact]
    public void A_wrong_checksum_or_code_is_malformed()
    {
        var wrong = RealClients.RouterSolicitation.ToArray();
        wrong[^1] ^= 1;
        Assert.Equal("ICMPv6 checksum is wrong", _responder.Answer(wrong, _reply).Reason);

        wrong = RealClients.RouterSolicitation.ToArray();
        (wrong[55], wrong[57]) = (1, (byte)(wrong[57] - 1)); // the code, and the checksum with it
        Assert.Equal("router solicitation is malformed", _responder.Answer(wrong, _reply).Reason);
    }

    [Theory]
    [InlineData("02:00:0a:f4:01:05", "fe80::aff:fef4:105")]
    [InlineData("00:00:5e:00:53:01", "fe80::200:5eff:fe00:5301")]
    public void A_link_local_address_is_made_of_a_mac(string mac, string address) =>
        Assert.Equal(address, Ipv6Address.LinkLocalOf(MacAddress.Parse(mac)).ToString());

    [Fact]
    public void Groups_are_made_of_addresses()
    {
        var address = Ipv6Address.Parse("fd00::1234:56ff:fe78:9abc");

        Assert.Equal("ff02::1:ff78:9abc", address.SolicitedNode.ToString());
        Assert.Equal("33:33:ff:78:9a:bc", address.SolicitedNode.MulticastMac.ToString());
        Assert.Equal((true, false, true), (Ipv6Address.Parse("febf::1").IsLinkLocal, Ipv6Address.Parse("fec0::1").IsLinkLocal, Ipv6Address.AllNodes.IsMulticast));
    }

    private Answered Read(int length)
    {
        Assert.True(EthernetFrame.TryParse(_reply.AsSpan(0, length), out var frame, out var reason), reason);
        Assert.True(Ipv6Packet.TryParse(frame.Payload, out var packet, out reason), reason);
        Assert.True(Icmpv6Packet.TryParse(packet, out var message, out reason), reason);
        return new Answered { Frame = frame, Packet = packet, Message = message };
    }

    private static byte[] Solicitation(int type, string source, string? destination, string head, string? target = null, string options = "", int hopLimit = 255)
    {
        var body = Convert.FromHexString(head + (target is null ? "" : Hex(IPAddress.Parse(target).GetAddressBytes())) + options);
        var frame = new byte[14 + 40 + 4 + body.Length];
        Ipv6Address from = Ipv6Address.Parse(source),
            to = destination is not null ? Ipv6Address.Parse(destination) : target is not null ? Ipv6Address.Parse(target).SolicitedNode : Ipv6Address.AllNodes;
        var at = EthernetFrame.WriteHeader(frame, to.MulticastMac, MacAddress.Parse(GuestMac), EtherType.Ipv6);
        at += Ipv6Packet.WriteHeader(frame.AsSpan(at), from, to, IpProtocol.IcmpV6, 4 + body.Length, (byte)hopLimit);
        body.CopyTo(frame, at + 4);
        Icmpv6Packet.WriteHeader(frame.AsSpan(at), (byte)type, from, to, body.Length);
        return frame;
    }

    private static List<string> Options(ReadOnlySpan<byte> options)
    {
        var found = new List<string>();
        for (; !options.IsEmpty; options = options[(options[1] * 8)..]) found.Add($"{options[0]:X2}:{Hex(options[2..(options[1] * 8)])}");
        return found;
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    private ref struct Answered
    {
        public EthernetFrame Frame;
        public Ipv6Packet Packet;
        public Icmpv6Packet Message;

        public readonly void Deconstruct(out EthernetFrame frame, out Ipv6Packet packet, out Icmpv6Packet message) 
        {
            frame = Frame;
            packet = Packet;
            message = Message;
        }
    }
}
