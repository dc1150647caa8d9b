using System.Net;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Tests;

/// <summary>
/// Broken frames in great number, from a fixed seed: no parser throws, reads beyond its bytes or takes for ever, and whatever is
/// answered is well-formed. MIGRATION_FUZZ=n runs n times as many; a failure names its seed and holds the bytes.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Rounds = 200_000 * (int.TryParse(Environment.GetEnvironmentVariable("MIGRATION_FUZZ"), out var times) ? times : 1);

    private static readonly byte[][] Corpus =
    [
        RealClients.Dhclient, RealClients.Udhcpc, RealClients.Networkd,
        Convert.FromHexString("ffffffffffff02000af401050806" + "0001080006040001" + "02000af401050af40105" + "000000000000a9fe4b0a"),
        Convert.FromHexString("026d6967720102000af4010581000064" + "0800" + "4500002402a84000400120440af401050af40101" + "0800db5857df0001" + "6162636400000000"),
    ];

    [Fact]
    public void No_frame_breaks_the_responder_and_every_reply_is_well_formed()
    {
        var responder = new GuestResponder(
            new DhcpLease
            {
                Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
                Addresses = [InterfaceAddress.Parse("10.244.1.5/24")],
                Gateway = IPAddress.Parse("169.254.1.1"),
                NameServers = [IPAddress.Parse("10.96.0.10")],
                SearchDomains = [.. Enumerable.Range(0, 12).Select(i => $"namespace-{i}.svc.cluster.local")],
                ExtraOptions = [new((DhcpOptionCode)240, new byte[200])],
            },
            DhcpServerIdentity.ForInterface(0));
        var reply = new byte[GuestResponder.MaximumFrame];
        int answered = 0, malformed = 0;
        Each(seed: 1, frame =>
        {
            Repair(frame.Span);
            var answer = responder.Answer(frame.Span, reply);
            if (answer.Kind == GuestAnswerKind.Malformed) malformed++;
            if (answer.Length == 0) return;
            answered++;
            Assert.True(EthernetFrame.TryParse(reply.AsSpan(0, answer.Length), out var sent, out _));
            if (answer.Kind == GuestAnswerKind.Arp) return;
            Assert.True(Ipv4Packet.TryParse(sent.Payload, out var packet, out var reason), reason);
            Assert.True(UdpDatagram.TryParse(packet, out var datagram, out reason), reason);
            Assert.Equal(ChecksumState.Correct, datagram.Checksum);
            Assert.True(DhcpPacket.TryParse(datagram.Payload, out _, out reason), reason);
        });
        // The mutations reach both sides of the checks.
        Assert.InRange(answered, Rounds / 20, Rounds);
        Assert.InRange(malformed, Rounds / 100, Rounds);
    }

    [Fact]
    public void No_bytes_break_the_dhcp_codec_and_what_it_reads_it_writes() => Each(seed: 2, frame =>
    {
        if (frame.Length < 42 || !DhcpPacket.TryParse(frame.Span[42..], out var packet, out _)) return;
        var written = packet!.ToArray();
        Assert.True(DhcpPacket.TryParse(written, out var again, out var reason), reason);
        Assert.Equal(packet.Options, again!.Options);
    });

    [Fact]
    public void No_bytes_break_the_other_parsers() => Each(seed: 3, frame =>
    {
        var read = 0;
        if (EthernetFrame.TryParse(frame.Span, out var ethernet, out _)) read += ethernet.VlanId + ethernet.Payload.Length + (int)ethernet.Type;
        for (var start = 14; start <= 18 && start <= frame.Length; start += 4)
        {
            if (ArpPacket.TryParse(frame.Span[start..], out var arp, out _)) read += arp.GetHashCode();
            if (!Ipv4Packet.TryParse(frame.Span[start..], out var packet, out _)) continue;
            read += packet.Options.Length + packet.Payload.Length + packet.Identification;
            if (UdpDatagram.TryParse(packet, out var datagram, out _)) read += datagram.Payload.Length;
            if (IcmpPacket.TryParse(packet, out var message, out _)) read += message.Payload.Length + message.Type;
        }
        GC.KeepAlive(read);
    });

    private static void Each(int seed, Action<Memory<byte>> take)
    {
        var random = new Random(seed);
        var buffer = new byte[2048];
        for (var round = 0; round < Rounds; round++)
        {
            var frame = Mutate(random, buffer);
            try
            {
                take(frame);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, round {round}: {Convert.ToHexString(frame.Span)}", e);
            }
        }
    }

    private static Memory<byte> Mutate(Random random, byte[] buffer)
    {
        var source = Corpus[random.Next(Corpus.Length)];
        buffer.AsSpan().Clear();
        source.CopyTo(buffer, 0);
        var length = source.Length;
        // Options are where the structure is: most changes go there.
        var options = Math.Min(282, length - 1);
        for (var changes = random.Next(1, 9); changes > 0; changes--)
        {
            switch (random.Next(6))
            {
                case 0: buffer[random.Next(length)] = (byte)random.Next(256); break;
                case 1: buffer[random.Next(length)] ^= (byte)(1 << random.Next(8)); break;
                case 2: buffer[random.Next(options, length)] = (byte)random.Next(256); break;
                case 3: buffer[random.Next(options, length)] = Interesting[random.Next(Interesting.Length)]; break;
                case 4: length = random.Next(1, random.Next(2) == 0 ? length + 1 : buffer.Length); options = Math.Min(options, length - 1); break;
                default:
                    var (from, to, count) = (random.Next(length), random.Next(options, length), random.Next(1, 32));
                    buffer.AsSpan(from, Math.Min(count, buffer.Length - Math.Max(from, to))).CopyTo(buffer.AsSpan(to));
                    break;
            }
        }
        return buffer.AsMemory(0, length);
    }

    private static readonly byte[] Interesting = [0, 1, 2, 3, 4, 50, 51, 52, 53, 54, 55, 57, 61, 80, 82, 119, 121, 127, 128, 192, 249, 254, 255];

    // Wrong lengths and checksums would hide what is behind them.
    private static void Repair(Span<byte> frame)
    {
        if (frame.Length < 42 || frame[12] != 8 || frame[13] != 0 || frame[14] != 0x45 || frame[0] % 4 == 0) return;
        var length = frame.Length - 34;
        (frame[16], frame[17]) = ((byte)((length + 20) >> 8), (byte)(length + 20));
        (frame[38], frame[39], frame[40], frame[41]) = ((byte)(length >> 8), (byte)length, 0, 0);
        (frame[24], frame[25]) = (0, 0);
        var checksum = InternetChecksum.Finish(InternetChecksum.Sum(frame[14..34]));
        (frame[24], frame[25]) = ((byte)(checksum >> 8), (byte)checksum);
    }
}
