using System.Net;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;
using Migration.Packets.Ndp;
using Migration.Packets.Tests.Oracles;

namespace Migration.Packets.Tests;

/// <summary>
/// A million broken packets for each parser, from a fixed seed: none throws, reads beyond its bytes or takes for ever, and whatever is
/// answered, or is not, is what the RFCs demand by the judgement of an oracle that knows nothing of the rules. MIGRATION_FUZZ=n runs n times
/// as many, MIGRATION_FUZZ_SEED=n others; a failure names its seed and holds the bytes.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Rounds = 1_000_000 * Number("MIGRATION_FUZZ", 1);
    private static readonly int Seeds = Number("MIGRATION_FUZZ_SEED", 0);
    private static readonly MacAddress Gateway = MacAddress.Parse("0a:58:0a:f4:01:01");
    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    // Large enough that answers overflow into the other fields, and clients' sizes matter.
    private static readonly DhcpLease Lease = new()
    {
        Mac = Questions.Guest,
        Addresses = [InterfaceAddress.Parse($"{Questions.Address}/24"), InterfaceAddress.Parse($"{Questions.Address6}/64")],
        Gateway = IPAddress.Parse("169.254.1.1"),
        GatewayIpv6 = IPAddress.Parse("fd00:10:244:1::1"),
        NameServers = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00:10:96::a")],
        NtpServers = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::123")],
        SearchDomains = [.. Enumerable.Range(0, 12).Select(i => $"namespace-{i}.svc.cluster.local")],
        HostName = "guest",
        TftpServerName = "10.0.0.7",
        BootFileName = "pxelinux.0",
        ExtraOptions = [new((DhcpOptionCode)240, new byte[100])],
    };

    // As where a pod's only neighbour is its gateway: nothing is on the link, and everything fits.
    private static readonly DhcpLease OffLink = new()
    {
        Mac = Questions.Guest,
        Addresses = [InterfaceAddress.Parse($"{Questions.Address}/32"), InterfaceAddress.Parse($"{Questions.Address6}/128")],
        Gateway = IPAddress.Parse("169.254.1.1"),
        GatewayIpv6 = IPAddress.Parse("fe80::ecee:eeff:feee:eeee"),
        Mtu = 1450,
        ValidFor = TimeSpan.FromDays(1),
    };

    private readonly byte[] _reply = new byte[GuestResponder.MaximumFrame];

    [Fact]
    public void No_frame_makes_dhcpv4_answer_against_the_RFC()
    {
        Challenge(seed: 1, Questions.Dhcp4(), Lease, Oracle(1, 240).Objection);
        Challenge(seed: 101, Questions.Dhcp4(), OffLink, Oracle(1, 26).Objection);

        static Dhcp4Oracle Oracle(params byte[] unasked) => new(Bytes(Questions.Guest), [10, 244, 1, 5], [169, 254, 75, 10], Bytes(Server.Mac), unasked);
    }

    [Fact]
    public void No_frame_makes_dhcpv6_answer_against_the_RFC()
    {
        var address = IPAddress.Parse(Questions.Address6).GetAddressBytes();
        Challenge(seed: 2, Questions.Dhcp6(), Lease, Oracle(address[..8]).Objection);
        Challenge(seed: 102, Questions.Dhcp6(), OffLink, Oracle(address).Objection);

        Dhcp6Oracle Oracle(byte[] prefix) => new(Bytes(Questions.Guest), address, prefix, Bytes(Server.Mac), Server.LinkLocal.ToIPAddress().GetAddressBytes());
    }

    [Fact]
    public void No_frame_makes_neighbour_discovery_answer_against_the_RFC()
    {
        var router = RouterIdentity.Through(Gateway).LinkLocal.ToIPAddress().GetAddressBytes();
        var oracle = new NeighbourOracle(
            [(router, Bytes(Gateway)), (Server.LinkLocal.ToIPAddress().GetAddressBytes(), Bytes(Server.Mac)), (IPAddress.Parse("fd00:10:244:1::1").GetAddressBytes(), Bytes(Gateway))],
            router, Bytes(Gateway));
        Challenge(seed: 3, Questions.Neighbours(), Lease, oracle.Objection);
    }

    [Fact]
    public void No_bytes_break_the_dhcpv4_codec_and_what_it_reads_it_writes() => Each(seed: 4, Questions.Dhcp4(), frame =>
    {
        if (frame.Length < 42 || !DhcpPacket.TryParse(frame[42..], out var packet, out _)) return;
        var written = packet!.ToArray();
        Assert.True(DhcpPacket.TryParse(written, out var again, out var reason), reason);
        Assert.Equal(packet.Options.Count, again!.Options.Count);
        for (var i = 0; i < packet.Options.Count; i++) Assert.Equal(packet.Options[i], again.Options[i]);
    });

    [Fact]
    public void No_bytes_break_the_dhcpv6_codec_and_what_it_reads_it_writes() => Each(seed: 5, Questions.Dhcp6(), frame =>
    {
        if (frame.Length < 62 || !Dhcp6Packet.TryParse(frame[62..], out var packet, out _)) return;
        foreach (var association in packet!.Associations) Assert.True(association.Addresses.Count < 100);
        Assert.True(frame[62..].SequenceEqual(packet.ToArray()));
    });

    [Fact]
    public void No_bytes_break_the_other_parsers()
    {
        var read = 0;
        var arp = ("arp", Questions.Arp("169.254.75.10"));
        var echo = ("echo", Convert.FromHexString("026d6967720102000af401050800" + "4500002402a84000400120440af401050af40101" + "0800db5857df0001" + "6162636400000000"));
        Each(seed: 6, [.. Questions.Dhcp4(), .. Questions.Dhcp6(), .. Questions.Neighbours(), arp, echo, arp, echo], frame =>
        {
            if (EthernetFrame.TryParse(frame, out var ethernet, out _)) read += ethernet.VlanId + ethernet.Payload.Length + (int)ethernet.Type;
            for (var start = 14; start <= 18 && start <= frame.Length; start += 4) read += ReadPacket(frame[start..]);
        });
        GC.KeepAlive(read);
    }

    private static int ReadPacket(ReadOnlySpan<byte> bytes)
    {
        var read = 0;
        if (ArpPacket.TryParse(bytes, out var arp, out _)) read += arp.GetHashCode();
        if (Ipv4Packet.TryParse(bytes, out var packet, out _))
        {
            read += packet.Options.Length + packet.Payload.Length + packet.Identification;
            if (UdpDatagram.TryParse(packet, out var datagram, out _)) read += datagram.Payload.Length;
            if (IcmpPacket.TryParse(packet, out var message, out _)) read += message.Payload.Length + message.Type;
        }
        if (!Ipv6Packet.TryParse(bytes, out var packet6, out _)) return read;
        read += packet6.Payload.Length + packet6.HopLimit + packet6.Source.GetHashCode();
        if (UdpDatagram.TryParse(packet6, out var datagram6, out _)) read += datagram6.Payload.Length;
        if (!Icmpv6Packet.TryParse(packet6, out var message6, out _)) return read;
        if (NeighbourAdvertisement.TryParse(packet6, message6, out var advertisement, out _)) read += advertisement.GetHashCode();
        if (NeighbourSolicitation.TryParse(packet6, message6, out var solicitation, out _)) read += solicitation.GetHashCode();
        return read + message6.Body.Length + message6.Type;
    }

    private delegate string? Judgement(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> answered);

    private void Challenge(int seed, IEnumerable<(string Name, byte[] Frame)> corpus, DhcpLease lease, Judgement objection)
    {
        var neighbours = new Dictionary<IPAddress, MacAddress> { [IPAddress.Parse("fd00:10:244:1::1")] = Gateway };
        var responder = new GuestResponder(lease, Server, neighbours, RouterIdentity.Through(Gateway));
        int answered = 0, malformed = 0;
        Each(seed, corpus, frame =>
        {
            var answer = responder.Answer(frame, _reply);
            if (answer.Kind == GuestAnswerKind.Malformed) malformed++;
            if (answer.Length > 0) answered++;
            if (objection(frame, _reply.AsSpan(0, answer.Length)) is { } found)
                Assert.Fail($"{found}; {answer}; answered {Convert.ToHexString(_reply.AsSpan(0, answer.Length))}");
        });
        // The mutations reach both sides of the checks.
        Assert.InRange(answered, Rounds / 10, Rounds);
        Assert.InRange(malformed, Rounds / 100, Rounds);
    }

    private delegate void Take(ReadOnlySpan<byte> frame);

    private static void Each(int seed, IEnumerable<(string Name, byte[] Frame)> corpus, Take take)
    {
        seed += Seeds;
        var mutator = new PacketMutator(seed, [.. corpus.Select(c => c.Frame)]);
        for (var round = 0; round < Rounds; round++)
        {
            var frame = mutator.Next();
            try
            {
                take(frame.Span);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, round {round}: {e.Message}\nframe {Convert.ToHexString(frame.Span)}", e);
            }
        }
    }

    private static byte[] Bytes(MacAddress mac)
    {
        var bytes = new byte[MacAddress.Length];
        mac.Write(bytes);
        return bytes;
    }

    private static int Number(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : otherwise;
}
