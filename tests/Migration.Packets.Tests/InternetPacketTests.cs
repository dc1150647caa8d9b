using System.Buffers.Binary;

namespace Migration.Packets.Tests;

public sealed class InternetPacketTests
{
    private static readonly Ipv4Address Source = Ipv4Address.Parse("10.244.1.5"), Destination = Ipv4Address.Parse("10.244.1.1");

    // ping -c1 -s 8 -p 61626364 10.244.1.1 over veth, tcpdump -xx at the other end, without the Ethernet header.
    private const string Ping =
        "4500002402a84000400120440af401050af40101" + "0800db5857df0001" + "6162636400000000";

    [Fact]
    public void A_checksum_is_the_same_however_the_bytes_are_taken()
    {
        var random = new Random(7);
        for (var length = 0; length < 70; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            ulong slow = 0;
            for (var i = 0; i < length; i++) slow += (ulong)bytes[i] << (i % 2 == 0 ? 8 : 0);

            Assert.Equal(InternetChecksum.Fold(slow), InternetChecksum.Fold(InternetChecksum.Sum(bytes)));
        }
    }

    [Fact]
    public void A_checksum_does_not_overflow()
    {
        var ones = Enumerable.Repeat((byte)0xff, 65535).ToArray();

        Assert.Equal(0xff00, InternetChecksum.Fold(InternetChecksum.Sum(ones)));
        Assert.Equal(0xffff, InternetChecksum.Fold(ulong.MaxValue));
    }

    [Fact]
    public void A_ping_is_read()
    {
        var bytes = Convert.FromHexString(Ping);

        Assert.True(Ipv4Packet.TryParse(bytes, out var packet, out var reason), reason);
        Assert.Equal((Source, Destination, IpProtocol.Icmp, 64, true, false),
            (packet.Source, packet.Destination, packet.Protocol, packet.TimeToLive, packet.DontFragment, packet.IsFragment));

        Assert.True(IcmpPacket.TryParse(packet, out var echo, out reason), reason);
        Assert.Equal((IcmpPacket.EchoRequest, (byte)0, (ushort)0x57df, (ushort)1), (echo.Type, echo.Code, echo.Identifier, echo.Sequence));
        Assert.Equal("abcd\0\0\0\0"u8.ToArray(), echo.Payload.ToArray());

        bytes[^1]++;
        Assert.True(Ipv4Packet.TryParse(bytes, out packet, out _));
        Assert.False(IcmpPacket.TryParse(packet, out _, out reason));
        Assert.Equal("ICMP checksum is wrong", reason);
    }

    [Fact]
    public void An_echo_is_written_as_it_is_read()
    {
        var bytes = new byte[64];
        "hello"u8.CopyTo(bytes.AsSpan(28));
        var length = IcmpPacket.WriteEcho(bytes.AsSpan(20), IcmpPacket.EchoReply, 7, 9, 5);
        length += Ipv4Packet.WriteHeader(bytes, Source, Destination, IpProtocol.Icmp, length);

        Assert.Equal(33, length);
        Assert.True(Ipv4Packet.TryParse(bytes, out var packet, out _));
        Assert.True(IcmpPacket.TryParse(packet, out var echo, out _));
        Assert.Equal((IcmpPacket.EchoReply, (ushort)7, (ushort)9), (echo.Type, echo.Identifier, echo.Sequence));
        Assert.Equal("hello"u8.ToArray(), echo.Payload.ToArray());
    }

    [Fact]
    public void What_a_link_adds_behind_a_packet_is_not_payload()
    {
        var bytes = Udp("x"u8, out var length);

        Assert.True(Ipv4Packet.TryParse(bytes.AsSpan(0, length + 17), out var packet, out _));
        Assert.Equal(9, packet.Payload.Length);
    }

    [Theory]
    [InlineData(0, 0x65, "version")]
    [InlineData(0, 0x44, "header length")]
    [InlineData(0, 0x4f, "header length")]
    [InlineData(2, 0xff, "cut short")]
    [InlineData(8, 0x01, "checksum")]
    public void A_broken_header_is_refused_with_its_reason(int at, byte value, string reason)
    {
        var bytes = Udp("x"u8, out var length);
        bytes[at] = value;

        Assert.False(Ipv4Packet.TryParse(bytes.AsSpan(0, length), out _, out var found));
        Assert.Contains(reason, found);
    }

    [Fact]
    public void A_datagram_is_written_as_it_is_read()
    {
        var bytes = Udp("payload"u8, out var length);

        Assert.True(Ipv4Packet.TryParse(bytes.AsSpan(0, length), out var packet, out _));
        Assert.True(UdpDatagram.TryParse(packet, out var datagram, out _));
        Assert.Equal((ushort)68, datagram.SourcePort);
        Assert.Equal((ushort)67, datagram.DestinationPort);
        Assert.Equal(ChecksumState.Correct, datagram.Checksum);
        Assert.Equal("payload"u8.ToArray(), datagram.Payload.ToArray());
    }

    [Fact]
    public void A_checksum_left_to_a_nic_is_partial_and_a_flipped_bit_is_wrong()
    {
        var bytes = Udp("payload"u8, out var length);
        var pseudo = InternetChecksum.Fold(InternetChecksum.PseudoHeader(Source, Destination, 17, 15));

        Assert.Equal(ChecksumState.Partial, StateWith(pseudo));
        Assert.Equal(ChecksumState.Absent, StateWith(0));
        Assert.Equal(ChecksumState.Wrong, StateWith((ushort)(pseudo ^ 1)));

        ChecksumState StateWith(ushort checksum)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(26), checksum);
            Assert.True(Ipv4Packet.TryParse(bytes.AsSpan(0, length), out var packet, out _));
            Assert.True(UdpDatagram.TryParse(packet, out var datagram, out _));
            return datagram.Checksum;
        }
    }

    [Fact]
    public void A_checksum_that_comes_out_as_zero_is_sent_as_ones()
    {
        // Found by trying all: a payload whose sum makes the field zero.
        var bytes = new byte[64];
        for (var value = 0; value <= ushort.MaxValue; value++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(8), (ushort)value);
            UdpDatagram.WriteHeader(bytes, Source, Destination, 68, 67, 2);
            Assert.NotEqual(0, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(6)));
        }
    }

    [Fact]
    public void A_fragment_holds_no_datagram()
    {
        var bytes = Udp("payload"u8, out var length);
        bytes[6] = 0x20;
        Fix(bytes);

        Assert.True(Ipv4Packet.TryParse(bytes.AsSpan(0, length), out var packet, out _));
        Assert.False(UdpDatagram.TryParse(packet, out _, out var reason));
        Assert.Equal("IPv4 packet is a fragment", reason);
    }

    [Theory]
    [InlineData(7, "does not fit")]
    [InlineData(16, "cut short")]
    public void A_datagram_whose_length_lies_is_refused(byte claimed, string reason)
    {
        var bytes = Udp("payload"u8, out var length);
        bytes[25] = claimed;

        Assert.True(Ipv4Packet.TryParse(bytes.AsSpan(0, length), out var packet, out _));
        Assert.False(UdpDatagram.TryParse(packet, out _, out var found));
        Assert.Contains(reason, found);
    }

    private static byte[] Udp(ReadOnlySpan<byte> payload, out int length)
    {
        var bytes = new byte[128];
        payload.CopyTo(bytes.AsSpan(28));
        length = UdpDatagram.WriteHeader(bytes.AsSpan(20), Source, Destination, 68, 67, payload.Length);
        length += Ipv4Packet.WriteHeader(bytes, Source, Destination, IpProtocol.Udp, length);
        return bytes;
    }

    private static void Fix(byte[] bytes)
    {
        bytes[10] = bytes[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), InternetChecksum.Finish(InternetChecksum.Sum(bytes.AsSpan(0, 20))));
    }
}
