using System.Net;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Tests;

public sealed class GuestResponderTests
{
    private static readonly MacAddress Guest = MacAddress.Parse("02:00:0a:f4:01:05"), Gateway = MacAddress.Parse("0a:58:0a:f4:01:01");
    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    private static readonly DhcpLease Lease = new()
    {
        Mac = Guest,
        Addresses = [InterfaceAddress.Parse("10.244.1.5/24")],
        Gateway = IPAddress.Parse("10.244.1.1"),
        NameServers = [IPAddress.Parse("10.96.0.10")],
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        HostName = "guest",
        Mtu = 1450,
    };

    private readonly GuestResponder _responder = new(
        Lease, Server, new Dictionary<IPAddress, MacAddress> { [IPAddress.Parse("169.254.1.1")] = Gateway });

    private readonly byte[] _reply = new byte[GuestResponder.MaximumFrame];

    public static TheoryData<string> Clients() => ["dhclient", "udhcpc", "networkd"];

    [Theory]
    [MemberData(nameof(Clients))]
    public void A_real_clients_discover_is_answered_with_a_whole_frame(string client)
    {
        var asked = client switch { "dhclient" => RealClients.Dhclient, "udhcpc" => RealClients.Udhcpc, _ => RealClients.Networkd };
        var answer = _responder.Answer(asked, _reply);

        Assert.Equal((GuestAnswerKind.Dhcp, DhcpOutcome.Offered), (answer.Kind, answer.Dhcp));
        Assert.True(EthernetFrame.TryParse(_reply.AsSpan(0, answer.Length), out var frame, out _));
        Assert.Equal((Guest, Server.Mac, EtherType.Ipv4), (frame.Destination, frame.Source, frame.Type));
        Assert.True(Ipv4Packet.TryParse(frame.Payload, out var packet, out var reason), reason);
        Assert.Equal((Server.Address, Ipv4Address.Parse("10.244.1.5")), (packet.Source, packet.Destination));
        Assert.True(UdpDatagram.TryParse(packet, out var datagram, out reason), reason);
        Assert.Equal((67, 68, ChecksumState.Correct), (datagram.SourcePort, datagram.DestinationPort, datagram.Checksum));
        Assert.True(DhcpPacket.TryParse(datagram.Payload, out var offer, out reason), reason);
        Assert.True(DhcpPacket.TryParse(asked.AsSpan(42), out var discover, out _));
        Assert.Equal(discover!.TransactionId, offer!.TransactionId);
        Assert.Equal(discover.Options.Find(DhcpOptionCode.ClientIdentifier)?.ToArray(), offer.Options.Find(DhcpOptionCode.ClientIdentifier)?.ToArray());
    }

    [Fact]
    public void The_frame_says_what_the_rule_says()
    {
        var answer = _responder.Answer(RealClients.Udhcpc, _reply);
        Assert.True(DhcpPacket.TryParse(RealClients.Udhcpc.AsSpan(42), out var discover, out _));

        Assert.Equal(DhcpRule.Answer(discover!, Lease, Server)!.Packet.ToArray(), _reply[42..answer.Length]);
    }

    [Fact]
    public void Answering_allocates_nothing()
    {
        byte[][] frames = [RealClients.Dhclient, RealClients.Udhcpc, RealClients.Networkd, Arp("169.254.75.10"), Arp("10.244.1.1")];
        // The runtime's own compiling may allocate on this thread once or twice; an answer that allocates does it in every round.
        var leastInRound = Enumerable.Range(0, 10).Min(_ => AllocatedBy(() =>
        {
            for (var i = 0; i < 200; i++)
                foreach (var frame in frames) _responder.Answer(frame, _reply);
        }));

        Assert.Equal(0, leastInRound);

        static long AllocatedBy(Action work)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Theory]
    [InlineData("169.254.75.10", "02:6d:69:67:72:01")] // the server
    [InlineData("169.254.1.1", "0a:58:0a:f4:01:01")] // a pinned gateway
    public void Arp_for_an_address_of_ours_is_answered(string address, string mac)
    {
        var answer = _responder.Answer(Arp(address), _reply);

        Assert.Equal(GuestAnswerKind.Arp, answer.Kind);
        Assert.Equal(60, answer.Length);
        Assert.True(EthernetFrame.TryParse(_reply, out var frame, out _));
        Assert.Equal((Guest, MacAddress.Parse(mac)), (frame.Destination, frame.Source));
        Assert.True(ArpPacket.TryParse(frame.Payload, out var reply, out _));
        Assert.Equal(
            new ArpPacket(ArpOperation.Reply, MacAddress.Parse(mac), Ipv4Address.Parse(address), Guest, Ipv4Address.Parse("10.244.1.5")), reply);
    }

    [Fact]
    public void Arp_for_anybody_else_goes_its_way() => Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(Arp("10.244.1.1"), _reply).Kind);

    [Fact]
    public void The_guests_own_address_is_never_answered_for()
    {
        var responder = new GuestResponder(Lease, Server, new Dictionary<IPAddress, MacAddress> { [IPAddress.Parse("10.244.1.5")] = Gateway });

        Assert.Equal(GuestAnswerKind.NotForUs, responder.Answer(Arp("10.244.1.5"), _reply).Kind);
    }

    [Fact]
    public void A_renewal_that_goes_through_the_gateway_is_answered_to_the_guest()
    {
        // The server's address is outside the guest's subnet, so the guest asks its gateway to carry the request.
        var frame = Dhcp(DhcpMessageType.Request, Gateway, "10.244.1.5", "169.254.75.10");

        var answer = _responder.Answer(frame, _reply);

        Assert.Equal(DhcpOutcome.Acknowledged, answer.Dhcp);
        Assert.True(EthernetFrame.TryParse(_reply, out var reply, out _));
        Assert.Equal((Guest, Server.Mac), (reply.Destination, reply.Source));
        Assert.True(Ipv4Packet.TryParse(reply.Payload, out var packet, out _));
        Assert.Equal((Server.Address, Ipv4Address.Parse("10.244.1.5")), (packet.Source, packet.Destination));
    }

    [Fact]
    public void A_wrong_address_is_refused_to_everybody()
    {
        var answer = _responder.Answer(Dhcp(DhcpMessageType.Request, Gateway, "10.99.0.1", "255.255.255.255"), _reply);

        Assert.Equal(DhcpOutcome.Refused, answer.Dhcp);
        Assert.True(EthernetFrame.TryParse(_reply, out var reply, out _));
        Assert.Equal(MacAddress.Broadcast, reply.Destination);
    }

    [Fact]
    public void A_release_is_reported_and_not_answered() =>
        Assert.Equal(
            new GuestAnswer(GuestAnswerKind.Dhcp, 0, DhcpOutcome.Released),
            _responder.Answer(Dhcp(DhcpMessageType.Release, Gateway, "10.244.1.5", "169.254.75.10"), _reply));

    [Theory]
    [InlineData(ChecksumState.Partial)]
    [InlineData(ChecksumState.Absent)]
    public void A_checksum_left_undone_does_not_matter(ChecksumState state)
    {
        var frame = RealClients.Udhcpc.ToArray();
        var partial = InternetChecksum.Fold(InternetChecksum.PseudoHeader(Ipv4Address.Any, Ipv4Address.Broadcast, 17, frame.Length - 34));
        frame[40] = state == ChecksumState.Partial ? (byte)(partial >> 8) : (byte)0;
        frame[41] = state == ChecksumState.Partial ? (byte)partial : (byte)0;

        Assert.Equal(DhcpOutcome.Offered, _responder.Answer(frame, _reply).Dhcp);
    }

    [Fact]
    public void A_wrong_checksum_is_malformed()
    {
        var frame = RealClients.Udhcpc.ToArray();
        frame[60] ^= 1;

        Assert.Equal(new GuestAnswer(GuestAnswerKind.Malformed, Reason: "UDP checksum is wrong"), _responder.Answer(frame, _reply));
    }

    [Fact]
    public void Somebody_behind_the_guest_is_not_the_guest()
    {
        var lease = Lease with { Mac = MacAddress.Parse("02:00:00:00:00:77") };

        Assert.Equal(GuestAnswerKind.NotForUs, new GuestResponder(lease, Server).Answer(RealClients.Udhcpc, _reply).Kind);
    }

    [Fact]
    public void What_a_guest_tags_belongs_to_its_vlan()
    {
        byte[] tagged = [.. RealClients.Udhcpc[..12], 0x81, 0x00, 0x00, 0x64, .. RealClients.Udhcpc[12..]];
        byte[] priority = [.. RealClients.Udhcpc[..12], 0x81, 0x00, 0x60, 0x00, .. RealClients.Udhcpc[12..]];

        Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(tagged, _reply).Kind);
        Assert.Equal(DhcpOutcome.Offered, _responder.Answer(priority, _reply).Dhcp);
    }

    [Fact]
    public void Other_traffic_goes_its_way()
    {
        var frame = new byte[128];
        EthernetFrame.WriteHeader(frame, Gateway, Guest, EtherType.Ipv6);
        Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(frame, _reply).Kind);

        EthernetFrame.WriteHeader(frame, Gateway, Guest, EtherType.Ipv4);
        UdpDatagram.WriteHeader(frame.AsSpan(34), Ipv4Address.Any, Ipv4Address.Any, 67, 68, 8); // a server's port is not a question
        Ipv4Packet.WriteHeader(frame.AsSpan(14), default, default, IpProtocol.Udp, 16);
        Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(frame, _reply).Kind);
    }

    [Fact]
    public void Too_little_room_for_a_reply_is_our_bug() =>
        Assert.Throws<ArgumentException>(() => _responder.Answer(RealClients.Udhcpc, new byte[100]));

    private static byte[] Arp(string address)
    {
        var frame = new byte[EthernetFrame.MinimumLength];
        new ArpPacket(ArpOperation.Request, Guest, Ipv4Address.Parse("10.244.1.5"), default, Ipv4Address.Parse(address))
            .WriteFrame(frame, MacAddress.Broadcast, Guest);
        return frame;
    }

    private static byte[] Dhcp(DhcpMessageType type, MacAddress hop, string ciaddr, string destination)
    {
        var message = new DhcpPacket
        {
            TransactionId = 7,
            ClientMac = Guest,
            ClientAddress = Ipv4Address.Parse(ciaddr),
            Options = DhcpOptions.Of(new DhcpOption(DhcpOptionCode.MessageType, new[] { (byte)type })),
        }.ToArray();
        var frame = new byte[42 + message.Length];
        message.CopyTo(frame, 42);
        EthernetFrame.WriteHeader(frame, hop, Guest, EtherType.Ipv4);
        Ipv4Address source = Ipv4Address.Parse(ciaddr), to = Ipv4Address.Parse(destination);
        UdpDatagram.WriteHeader(frame.AsSpan(34), source, to, 68, 67, message.Length);
        Ipv4Packet.WriteHeader(frame.AsSpan(14), source, to, IpProtocol.Udp, message.Length + 8);
        return frame;
    }
}
