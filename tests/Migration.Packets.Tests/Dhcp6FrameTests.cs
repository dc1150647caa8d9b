using System.Net;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;
using Migration.Packets.Ndp;

namespace Migration.Packets.Tests;

/// <summary>DHCPv6 from frame to frame, and its messages as values, by what real clients send.</summary>
public sealed class Dhcp6FrameTests
{
    private const int Payload = 14 + 40 + 8;
    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    private static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
        Addresses = [InterfaceAddress.Parse("10.244.1.5/24"), InterfaceAddress.Parse("fd00:10:244:1::5/64")],
        NameServers = [IPAddress.Parse("fd00:10:96::a")],
        SearchDomains = ["default.svc.cluster.local"],
        HostName = "guest",
    };

    private readonly GuestResponder _responder = new(
        Lease, Server, new Dictionary<IPAddress, MacAddress> { [IPAddress.Parse("fd00:10:244:1::1")] = MacAddress.Parse("0a:58:0a:f4:01:01") },
        RouterIdentity.Through(MacAddress.Parse("0a:58:0a:f4:01:01")));

    private readonly byte[] _reply = new byte[GuestResponder.MaximumFrame];

    public static TheoryData<string, DhcpOutcome, Dhcp6MessageType> Clients() => new()
    {
        { nameof(RealClients.DhclientSolicit), DhcpOutcome.Offered, Dhcp6MessageType.Advertise },
        { nameof(RealClients.DhclientRequest), DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply },
        { nameof(RealClients.DhclientRenew), DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply },
        { nameof(RealClients.DhclientRelease), DhcpOutcome.Released, Dhcp6MessageType.Reply },
        { nameof(RealClients.DhclientConfirm), DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply },
        { nameof(RealClients.DhcpcdSolicit), DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply },
        { nameof(RealClients.NetworkdSolicit), DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply },
    };

    [Theory]
    [MemberData(nameof(Clients))]
    public void A_real_clients_message_is_answered_with_a_whole_frame(string client, DhcpOutcome outcome, Dhcp6MessageType type)
    {
        var asked = Frame(client);
        var answer = _responder.Answer(asked, _reply);

        Assert.Equal((GuestAnswerKind.Dhcp6, outcome), (answer.Kind, answer.Dhcp));
        Assert.True(EthernetFrame.TryParse(_reply.AsSpan(0, answer.Length), out var frame, out _));
        Assert.Equal((Lease.Mac, Server.Mac, EtherType.Ipv6), (frame.Destination, frame.Source, frame.Type));
        Assert.True(Ipv6Packet.TryParse(frame.Payload, out var packet, out var reason), reason);
        Assert.Equal((Server.LinkLocal, Ipv6Address.Read(asked.AsSpan(22))), (packet.Source, packet.Destination));
        Assert.True(UdpDatagram.TryParse(packet, out var datagram, out reason), reason);
        Assert.Equal((547, 546, ChecksumState.Correct), (datagram.SourcePort, datagram.DestinationPort, datagram.Checksum));
        Assert.True(Dhcp6Packet.TryParse(datagram.Payload, out var reply, out reason), reason);
        Assert.True(Dhcp6Packet.TryParse(asked.AsSpan(Payload), out var question, out _));
        Assert.Equal((type, question!.TransactionId), (reply!.Type, reply.TransactionId));
        Assert.Equal(question.Find(Dhcp6OptionCode.ClientIdentifier)!.Value.ToArray(), reply.Find(Dhcp6OptionCode.ClientIdentifier)!.Value.ToArray());
        if (question.Type is not (Dhcp6MessageType.Confirm or Dhcp6MessageType.Release))
            Assert.Equal("fd00:10:244:1::5", Assert.Single(Assert.Single(reply.Associations).Addresses).Address.ToString());
        Assert.Equal(Dhcp6Rule.Answer(question, Lease, Server)!.ToArray(), datagram.Payload.ToArray());
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public void Messages_of_real_clients_are_written_as_they_were_read(string client, DhcpOutcome outcome, Dhcp6MessageType type)
    {
        Assert.NotEqual((DhcpOutcome.Ignored, default), (outcome, type));
        Assert.True(Dhcp6Packet.TryParse(Frame(client).AsSpan(Payload), out var packet, out var reason), reason);

        Assert.Equal(Convert.ToHexString(Frame(client).AsSpan(Payload)), Convert.ToHexString(packet!.ToArray()));
    }

    [Fact]
    public void Networkd_asks_for_a_prefix_too_and_gets_none()
    {
        var answer = _responder.Answer(RealClients.NetworkdSolicit, _reply);

        Assert.True(Dhcp6Packet.TryParse(_reply.AsSpan(Payload, answer.Length - Payload), out var reply, out _));
        Assert.Equal("AA3ABFB80000000000000000" + "000D0012" + "0006", Convert.ToHexString(reply!.Find(Dhcp6OptionCode.Prefixes)!.Value.Span[..18]));
        Assert.Equal("06" + Convert.ToHexString("\u0005guest\u0007default\u0003svc\u0007cluster\u0005local\0"u8), Convert.ToHexString(reply.Find(Dhcp6OptionCode.ClientName)!.Value.Span));
        Assert.NotNull(reply.Find(Dhcp6OptionCode.RapidCommit));
    }

    [Fact]
    public void A_lease_of_IPv6_alone_leaves_IPv4_to_others()
    {
        var responder = new GuestResponder(Lease with { Addresses = [InterfaceAddress.Parse("fd00:10:244:1::5/64")] }, Server);

        Assert.Equal(GuestAnswerKind.NotForUs, responder.Answer(RealClients.Dhclient, _reply).Kind);
        Assert.Equal(GuestAnswerKind.NotForUs, responder.Answer(Questions.Arp(Server.Address.ToString()), _reply).Kind);
        Assert.Equal(DhcpOutcome.Offered, responder.Answer(RealClients.DhclientSolicit, _reply).Dhcp);
    }

    [Fact]
    public void Answering_allocates_nothing()
    {
        byte[][] frames =
        [
            RealClients.DhclientSolicit, RealClients.DhclientRequest, RealClients.DhclientConfirm, RealClients.DhcpcdSolicit, RealClients.NetworkdSolicit,
            RealClients.RouterSolicitation, RealClients.Probe,
        ];
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

    [Fact]
    public void Somebody_behind_the_guest_is_not_the_guest()
    {
        var frame = RealClients.DhclientSolicit.ToArray();
        frame[11] = 9;

        Assert.Equal(GuestAnswerKind.NotForUs, _responder.Answer(frame, _reply).Kind);
    }

    [Theory]
    [InlineData(0)] // none, which IPv6 does not allow
    [InlineData(1)]
    public void A_wrong_checksum_is_malformed(byte checksum)
    {
        var frame = RealClients.DhclientSolicit.ToArray();
        (frame[Payload - 2], frame[Payload - 1]) = (0, checksum);

        Assert.Equal(new GuestAnswer(GuestAnswerKind.Malformed, Reason: "UDP checksum is wrong"), _responder.Answer(frame, _reply));
    }

    [Fact]
    public void A_server_address_is_no_group()
    {
        var frame = RealClients.DhclientRequest.ToArray();
        Server.LinkLocal.Write(frame.AsSpan(38));
        UdpDatagram.WriteHeader(frame.AsSpan(54), Ipv6Address.Read(frame.AsSpan(22)), Server.LinkLocal, 546, 547, frame.Length - Payload);

        var answer = _responder.Answer(frame, _reply);

        Assert.Equal(DhcpOutcome.Refused, answer.Dhcp);
        Assert.True(Dhcp6Packet.TryParse(_reply.AsSpan(Payload, answer.Length - Payload), out var reply, out _));
        Assert.Equal(Dhcp6Status.UseMulticast, reply!.Status);
    }

    [Fact]
    public void Extension_headers_are_looked_through()
    {
        var plain = RealClients.DhclientSolicit;
        // Hop-by-hop options with eight bytes of padding.
        byte[] frame = [.. plain[..54], 17, 0, 1, 4, 0, 0, 0, 0, .. plain[54..]];
        (frame[20], frame[19]) = (0, (byte)(frame[19] + 8));

        Assert.Equal(DhcpOutcome.Offered, _responder.Answer(frame, _reply).Dhcp);
        Assert.True(Ipv6Packet.TryParse(frame.AsSpan(14), out var packet, out _));
        Assert.Equal(IpProtocol.Udp, packet.Protocol);
    }

    [Theory]
    [InlineData("50", "IP version is not 6")]
    [InlineData("60000000" + "0001", "cut short")]
    [InlineData("60000000" + "0008" + "0040" + "zeros" + "1101", "extension header cut short")]
    public void A_malformed_packet_is_an_error(string packet, string reason)
    {
        var bytes = Convert.FromHexString(packet.Replace("zeros", new string('0', 64), StringComparison.Ordinal).PadRight(80, '0'));
        if (packet.Contains("zeros", StringComparison.Ordinal)) bytes = [.. bytes, .. new byte[6]];

        Assert.False(Ipv6Packet.TryParse(bytes, out _, out var found));
        Assert.Contains(reason, found);
    }

    private static byte[] Frame(string client) => client switch
    {
        nameof(RealClients.DhclientSolicit) => RealClients.DhclientSolicit,
        nameof(RealClients.DhclientRequest) => RealClients.DhclientRequest,
        nameof(RealClients.DhclientRenew) => RealClients.DhclientRenew,
        nameof(RealClients.DhclientRelease) => RealClients.DhclientRelease,
        nameof(RealClients.DhclientConfirm) => RealClients.DhclientConfirm,
        nameof(RealClients.DhcpcdSolicit) => RealClients.DhcpcdSolicit,
        _ => RealClients.NetworkdSolicit,
    };
}
