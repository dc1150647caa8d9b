using System.Net;
using System.Net.NetworkInformation;
using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink.Tests;

/// <summary>
/// Whatever the bytes, a parser answers or throws <see cref="NetlinkException"/> with EBADMSG; spans make a read past the end an exception of
/// another kind, which fails the test. Seeded: a failure prints the bytes.
/// </summary>
public sealed class MessageFuzzTests
{
    private const int Rounds = 20_000;

    private static readonly TableName Table = new(FilterFamily.Inet, "t");

    private static readonly (string Name, Action<byte[]> Parse)[] Parsers =
    [
        ("link", bytes => LinkMessage.Read(LinkMessage.New, bytes)),
        ("address", bytes => AddressMessage.Read(AddressMessage.New, bytes)),
        ("route", bytes => RouteMessage.Read(RouteMessage.New, bytes)),
        ("neighbour", bytes => NeighbourMessage.Read(NeighbourMessage.New, bytes)),
        ("forwarding", bytes => NeighbourMessage.ReadForwarding(NeighbourMessage.New, bytes)),
        ("qdisc", bytes => TrafficMessage.ReadQdisc(TrafficMessage.NewQdisc, bytes)),
        ("filter", bytes => TrafficMessage.ReadFilter(TrafficMessage.NewFilter, bytes)),
        ("table", bytes => FilterMessage.ReadTable(FilterMessage.NewTable, bytes)),
        ("chain", bytes => FilterMessage.ReadChain(FilterMessage.NewChain, bytes)),
        ("rule", bytes => FilterMessage.ReadRule(FilterMessage.NewRule, bytes)),
        ("error", bytes => Acknowledgement.ReadError(bytes, (ushort)(NetlinkHeader.HasAttributes | (bytes.Length % 2 == 0 ? NetlinkHeader.Capped : 0)))),
        ("done", bytes => Acknowledgement.ReadDone(bytes, NetlinkHeader.HasAttributes)),
        ("datagram", ReadDatagram),
    ];

    private static readonly byte[][] Corpus =
    [
        Body(LinkMessage.WriteNew(new NewLink.Veth { Name = "eth0", PeerName = "peer0", Mac = PhysicalAddress.Parse("020000000001"), Mtu = 1400, PeerMtu = 1 })),
        Body(LinkMessage.WriteNew(new NewLink.Bridge { Name = "br0", SpanningTree = true, AgeingTime = 1, ForwardDelay = 2, MulticastSnooping = true, VlanFiltering = true })),
        Body(LinkMessage.WriteNew(new NewLink.Vxlan { Name = "vx0", Id = 1, Port = 2, Remote = IPAddress.Loopback, Local = IPAddress.IPv6Loopback, UnderlayIndex = 3 })),
        Body(LinkMessage.WriteNew(new NewLink.Macvlan { Name = "mv0", ParentIndex = 3 })),
        Body(LinkMessage.WriteSet(3, new LinkChanges { AddressGeneration = AddressGeneration.None, Up = true, Name = "other" })),
        Body(AddressMessage.Write(AddressMessage.New, 0, new InterfaceAddress { InterfaceIndex = 1, Address = IPAddress.Loopback, PrefixLength = 8, Flags = AddressFlags.Permanent })),
        Body(RouteMessage.Write(RouteMessage.New, 0, new Route { Destination = IPNetwork.Parse("10.0.0.0/8"), Gateway = IPAddress.IPv6Loopback, InterfaceIndex = 3, Mtu = 5, Metric = 6 })),
        Body(NeighbourMessage.Write(NeighbourMessage.New, 0, new Neighbour { InterfaceIndex = 1, Address = IPAddress.Loopback, Mac = PhysicalAddress.Parse("020000000001") })),
        Body(TrafficMessage.Write(0, TrafficFilter.Redirect(1, 2, new Classifier.U32()))),
        Body(TrafficMessage.Write(0, TrafficFilter.Redirect(1, 2, Classifier.Bpf.Everything))),
        Body(TrafficMessage.Write(0, TrafficFilter.Redirect(1, 2, new Classifier.MatchAll()))),
        [.. BitConverter.GetBytes(-22), .. BitConverter.GetBytes(16), .. new byte[12], .. ScriptedKernel.Attribute(1, "words\0"u8.ToArray()), .. ScriptedKernel.Attribute(2, new byte[4])],
        Body(FilterMessage.WriteNewTable(new FilterTable(Table) { Comment = "hello" })),
        Body(FilterMessage.WriteNewChain(new FilterChain(Table, "pre") { Base = ChainHook.Nat(FilterHook.Prerouting, -100) })),
        Body(FilterMessage.WriteNewRule(new FilterRule(Table, "pre", [.. Conditions.PortIs(6, 1, 2), .. Conditions.StateIsAnyOf(ConnectionStates.New), FilterExpression.Jump("x")]))),
        Body(FilterMessage.WriteNewRule(new FilterRule(Table, "pre", [new FilterExpression.Counter(1, 2), .. Translation.DestinationTo(IPAddress.Loopback, 1, 2)]) { Comment = "c" })),
    ];

    [Fact]
    public void No_bytes_make_a_parser_do_anything_but_answer_or_refuse()
    {
        var random = new Random(20261120);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Mutate(random, Corpus[random.Next(Corpus.Length)]);
            foreach (var (name, parse) in Parsers)
                Check(name, parse, bytes);
        }
    }

    [Fact]
    public void Unmutated_messages_are_read_by_their_own_parsers()
    {
        for (var index = 0; index < 4; index++)
            Assert.NotEqual("", LinkMessage.Read(LinkMessage.New, Corpus[index]).Name);
        Assert.Equal(IPAddress.IPv6Loopback, RouteMessage.Read(RouteMessage.New, Corpus[6]).Gateway);
        Assert.Equal(2, TrafficMessage.ReadFilter(TrafficMessage.NewFilter, Corpus[8])!.Action!.TargetIndex);
        Assert.Equal(new Acknowledgement(Errno.EINVAL, "words", 0), Acknowledgement.ReadError(Corpus[11], NetlinkHeader.Capped | NetlinkHeader.HasAttributes));
    }

    private static void Check(string name, Action<byte[]> parse, byte[] bytes)
    {
        try
        {
            parse(bytes);
        }
        catch (NetlinkException exception) when (exception.Errno == Errno.EBADMSG)
        {
            // Refused, as declared.
        }
        catch (Exception exception)
        {
            Assert.Fail($"{name} parser: {exception.GetType().Name}: {exception.Message}\n{Convert.ToHexString(bytes)}");
        }
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = random.Next(8) == 0 ? seed[..random.Next(seed.Length)] : (byte[])seed.Clone();
        for (var changes = random.Next(6); changes > 0 && bytes.Length > 0; changes--)
        {
            var at = random.Next(bytes.Length);
            bytes[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => (byte)random.Next(6) };
        }

        return bytes;
    }

    private static void ReadDatagram(byte[] bytes)
    {
        var reader = new ReplyReader(bytes);
        while (reader.Next())
        {
        }
    }

    private static byte[] Body(MessageWriter message) => message.Complete(1, 1, 0)[NetlinkHeader.Size..].ToArray();
}
