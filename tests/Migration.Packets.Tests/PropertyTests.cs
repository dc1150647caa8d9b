using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;
using Migration.Packets.Ndp;

namespace Migration.Packets.Tests;

/// <summary>What holds for every value: what is written is read back, and what is read is written back.</summary>
public sealed class PropertyTests
{
    private static readonly Gen<MacAddress> Macs = Bytes(6).Select(b => MacAddress.Read(b));
    private static readonly Gen<Ipv4Address> Addresses = Bytes(4).Select(b => Ipv4Address.Read(b));

    [Fact]
    public void Mac_addresses_survive_text() => Check(Macs, mac => MacAddress.Parse(mac.ToString()) == mac);

    [Fact]
    public void Arp_packets_survive_the_wire() => Check(
        from operation in Gen.Elements(Enum.GetValues<ArpOperation>())
        from sender in Macs
        from target in Macs
        from from_ in Addresses
        from to in Addresses
        select new ArpPacket(operation, sender, from_, target, to),
        packet =>
        {
            var bytes = new byte[ArpPacket.Length];
            packet.Write(bytes);
            return ArpPacket.TryParse(bytes, out var read, out _) && read == packet;
        });

    [Fact]
    public void Datagrams_survive_the_wire_and_no_flipped_bit_does() => Check(
        from payload in Gen.Choose(0, 1400).SelectMany(Bytes)
        from source in Addresses
        from destination in Addresses
        from bit in Gen.Choose(0, 7)
        select (payload, source, destination, bit),
        given =>
        {
            var bytes = new byte[28 + given.payload.Length];
            given.payload.CopyTo(bytes, 28);
            UdpDatagram.WriteHeader(bytes.AsSpan(20), given.source, given.destination, 1, 2, given.payload.Length);
            Ipv4Packet.WriteHeader(bytes, given.source, given.destination, IpProtocol.Udp, bytes.Length - 20);
            if (!Ipv4Packet.TryParse(bytes, out var packet, out _) || !UdpDatagram.TryParse(packet, out var datagram, out _)) return false;
            if (datagram.Checksum != ChecksumState.Correct || !datagram.Payload.SequenceEqual(given.payload)) return false;
            if (given.payload.Length == 0) return true;
            bytes[^1] ^= (byte)(1 << given.bit);
            return Ipv4Packet.TryParse(bytes, out packet, out _) && UdpDatagram.TryParse(packet, out datagram, out _)
                && datagram.Checksum == ChecksumState.Wrong;
        });

    [Fact]
    public void Dhcp_messages_survive_the_wire() => Check(Messages(), message =>
    {
        var bytes = message.ToArray();
        return bytes.Length >= 300
            && DhcpPacket.TryParse(bytes, out var read, out _)
            && read!.ToArray().AsSpan().SequenceEqual(bytes)
            && read.Options.SequenceEqual(message.Options)
            && (read.TransactionId, read.ClientMac, read.YourAddress, read.WantsBroadcast)
                == (message.TransactionId, message.ClientMac, message.YourAddress, message.WantsBroadcast);
    });

    [Fact]
    public void Routes_survive_the_wire() => Check(
        (from length in Gen.Choose(0, 32)
         from address in Addresses
         from gateway in Addresses
         select new DhcpRoute(
             new IPNetwork(new Ipv4Address(address.Bits & Ipv4Address.Mask(length).Bits).ToIPAddress(), length),
             gateway.IsAny ? null : gateway.ToIPAddress())).NonEmptyListOf(),
        routes => ClasslessRoutes.Parse(ClasslessRoutes.Write(routes)).SequenceEqual(routes));

    [Fact]
    public void Search_lists_survive_the_wire_and_are_never_longer_than_plain() => Check(
        Gen.Elements("a", "bc", "svc", "cluster", "local", "default", "x-y").NonEmptyListOf().Select(l => string.Join('.', l.Take(12))).NonEmptyListOf(),
        domains =>
        {
            var (bytes, ends) = SearchList.Write(domains);
            var read = new List<string>();
            return SearchList.TryParse(bytes, read) && read.SequenceEqual(domains) && bytes.Length <= domains.Sum(d => d.Length + 2)
                && ends.Select((end, i) => SearchList.TryParse(bytes.AsSpan(0, end), read = []) && read.SequenceEqual(domains.Take(i + 1))).All(whole => whole);
        });

    [Fact]
    public void Every_answer_fits_what_the_client_takes_and_is_read_back_whole() => Check(
        from message in Messages()
        from type in Gen.Elements(DhcpMessageType.Discover, DhcpMessageType.Request, DhcpMessageType.Inform)
        from size in Gen.Choose(0, 2000)
        from parameters in Gen.Choose(0, 100).SelectMany(Bytes)
        from labels in Gen.Choose(0, 40)
        select (message, type, size, parameters, labels),
        given =>
        {
            var lease = new DhcpLease
            {
                Mac = given.message.ClientMac,
                Addresses = [InterfaceAddress.Parse("10.244.1.5/24")],
                Gateway = IPAddress.Parse("10.244.1.1"),
                SearchDomains = [.. Enumerable.Range(0, given.labels).Select(i => $"namespace-{i}.cluster.local")],
                ExtraOptions = [new((DhcpOptionCode)230, new byte[given.labels * 5])],
            };
            DhcpOption[] fixedOptions =
            [
                new(DhcpOptionCode.MessageType, new[] { (byte)given.type }),
                new(DhcpOptionCode.MaximumMessageSize, new[] { (byte)(given.size >> 8), (byte)given.size }),
                new(DhcpOptionCode.ParameterRequestList, given.parameters),
            ];
            var options = fixedOptions.Concat(given.message.Options.Where(o => fixedOptions.All(f => f.Code != o.Code)));
            var asked = new DhcpPacket { ClientMac = lease.Mac, ClientAddress = Ipv4Address.Parse("10.244.1.5"), Options = DhcpOptions.Of(options) };
            if (!DhcpQuestion.TryParse(asked.ToArray(), out var question, out _)) return asked.ToArray().Length > DhcpQuestion.MaximumLength;
            var compiled = new LeaseOptions(lease);
            var reply = new byte[DhcpRule.MaximumReply];
            var outcome = DhcpRule.Judge(question, compiled, DhcpServerIdentity.ForInterface(0));
            var length = DhcpRule.Write(question, outcome, compiled, DhcpServerIdentity.ForInterface(0), reply);
            if (length == 0) return outcome is DhcpOutcome.Ignored;
            return length <= Math.Max(given.size, 576) - 28
                && DhcpPacket.TryParse(reply.AsSpan(0, length), out var packet, out _)
                && packet!.Options.MessageType is DhcpMessageType.Offer or DhcpMessageType.Ack or DhcpMessageType.Nak;
        });

    [Fact]
    public void IPv6_datagrams_survive_the_wire_and_no_flipped_bit_does() => Check(
        from payload in Gen.Choose(0, 1400).SelectMany(Bytes)
        from source in Addresses6
        from destination in Addresses6
        from bit in Gen.Choose(0, 7)
        select (payload, source, destination, bit),
        given =>
        {
            var bytes = new byte[48 + given.payload.Length];
            given.payload.CopyTo(bytes, 48);
            UdpDatagram.WriteHeader(bytes.AsSpan(40), given.source, given.destination, 1, 2, given.payload.Length);
            Ipv6Packet.WriteHeader(bytes, given.source, given.destination, IpProtocol.Udp, bytes.Length - 40);
            if (!Ipv6Packet.TryParse(bytes, out var packet, out _) || !UdpDatagram.TryParse(packet, out var datagram, out _)) return false;
            if (datagram.Checksum != ChecksumState.Correct || !datagram.Payload.SequenceEqual(given.payload)) return false;
            if (packet.Source != given.source || packet.Destination != given.destination) return false;
            if (given.payload.Length == 0) return true;
            bytes[^1] ^= (byte)(1 << given.bit);
            return Ipv6Packet.TryParse(bytes, out packet, out _) && UdpDatagram.TryParse(packet, out datagram, out _)
                && datagram.Checksum == ChecksumState.Wrong;
        });

    [Fact]
    public void IPv6_addresses_survive_text_and_bytes() => Check(Addresses6, address =>
    {
        var bytes = new byte[16];
        address.Write(bytes);
        return Ipv6Address.Parse(address.ToString()) == address && Ipv6Address.Read(bytes) == address && Ipv6Address.From(address.ToIPAddress()) == address;
    });

    [Fact]
    public void Neighbour_advertisements_survive_the_wire() => Check(
        from target in Addresses6
        from destination in Addresses6
        from mac in Macs
        from flags in Gen.Choose(0, 7)
        select (said: new NeighbourAdvertisement(target, mac, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0), destination),
        given =>
        {
            var frame = new byte[128];
            var length = given.said.WriteFrame(frame, MacAddress.Broadcast, given.said.Mac, given.destination);
            return Ipv6Packet.TryParse(frame.AsSpan(14, length - 14), out var packet, out _)
                && Icmpv6Packet.TryParse(packet, out var message, out _)
                && NeighbourAdvertisement.TryParse(packet, message, out var read, out _) && read == given.said;
        });

    [Fact]
    public void Dhcpv6_messages_survive_the_wire() => Check(Messages6, message =>
    {
        var bytes = message.ToArray();
        return Dhcp6Packet.TryParse(bytes, out var read, out _)
            && (read!.Type, read.TransactionId) == (message.Type, message.TransactionId)
            && read.Options.SequenceEqual(message.Options)
            && read.ToArray().AsSpan().SequenceEqual(bytes)
            && read.Associations.Select(a => a.ToOption()).SequenceEqual(message.Options.Where(o => o.Code == Dhcp6OptionCode.Addresses));
    });

    [Fact]
    public void Every_DHCPv6_answer_fits_every_link_and_is_read_back_whole() => Check(
        from message in Messages6
        from addresses in Gen.Choose(1, 60)
        from labels in Gen.Choose(0, 60)
        select (message, addresses, labels),
        given =>
        {
            var lease = new DhcpLease
            {
                Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
                Addresses = [.. Enumerable.Range(1, given.addresses).Select(i => InterfaceAddress.Parse($"fd00::{i:x}/64"))],
                NameServers = [.. Enumerable.Range(1, given.labels).Select(i => IPAddress.Parse($"fd01::{i:x}"))],
                SearchDomains = [.. Enumerable.Range(0, given.labels).Select(i => $"namespace-{i}.cluster.local")],
            };
            if (!Dhcp6Question.TryParse(given.message.ToArray(), out var question, out _)) return true;
            var options = new LeaseOptions6(lease, DhcpServerIdentity.ForInterface(0));
            var reply = new byte[Dhcp6Rule.MaximumReply];
            var outcome = Dhcp6Rule.Judge(question, options);
            var length = Dhcp6Rule.Write(question, outcome, options, reply);
            return length == 0 ? outcome == DhcpOutcome.Ignored : Dhcp6Packet.TryParse(reply.AsSpan(0, length), out var read, out _) && read!.TransactionId == given.message.TransactionId;
        });

    private static readonly Gen<Ipv6Address> Addresses6 = Bytes(16).Select(b => Ipv6Address.Read(b));

    private static readonly Gen<Dhcp6Option> Associations =
        from id in Gen.Choose(0, int.MaxValue)
        from addresses in (from address in Addresses6 from near in Gen.Choose(0, 3) select near == 0 ? address : Ipv6Address.Parse($"fd00::{near}")).ListOf()
        select new Dhcp6Association((uint)id, 1, 2, [.. addresses.Select(a => new Dhcp6Address(a, 3, 4))]).ToOption();

    private static readonly Gen<Dhcp6Option> OtherOptions =
        from code in Gen.Elements(6, 8, 14, 39, 16, 99)
        from length in Gen.Choose(0, 20)
        from value in Bytes(code switch { 6 => length * 2, 8 => 2, 14 => 0, 39 => length + 1, _ => length })
        select new Dhcp6Option((Dhcp6OptionCode)code, value);

    private static readonly Gen<Dhcp6Packet> Messages6 =
        from type in Gen.Choose(1, 11)
        from id in Gen.Choose(0, 0xffffff)
        from client in Gen.Choose(3, 130).SelectMany(Bytes)
        from server in Gen.Elements("", "", "00030001026d69677201", "000300010200000000aa")
        from associations in Associations.ListOf()
        from others in OtherOptions.ListOf()
        select new Dhcp6Packet
        {
            Type = (Dhcp6MessageType)type,
            TransactionId = (uint)id,
            Options =
            [
                new(Dhcp6OptionCode.ClientIdentifier, client),
                .. server.Length > 0 ? [new Dhcp6Option(Dhcp6OptionCode.ServerIdentifier, Convert.FromHexString(server))] : Array.Empty<Dhcp6Option>(),
                .. associations, .. others.DistinctBy(o => o.Code),
            ],
        };

    private static Gen<DhcpPacket> Messages() =>
        from reply in Gen.Elements(true, false)
        from id in Gen.Choose(int.MinValue, int.MaxValue)
        from broadcast in Gen.Elements(true, false)
        from ciaddr in Addresses
        from yiaddr in Addresses
        from mac in Macs
        from options in (
            from code in Gen.Choose(128, 248)
            from value in Gen.Choose(0, 600).SelectMany(Bytes)
            select new DhcpOption((DhcpOptionCode)code, value)).ListOf()
        select new DhcpPacket
        {
            IsReply = reply,
            TransactionId = (uint)id,
            WantsBroadcast = broadcast,
            ClientAddress = ciaddr,
            YourAddress = yiaddr,
            ClientMac = mac,
            Options = DhcpOptions.Of(options.DistinctBy(o => o.Code)),
        };

    private static Gen<byte[]> Bytes(int count) => Gen.Choose(0, 255).ArrayOf(count).Select(values => Array.ConvertAll(values, v => (byte)v));

    private static void Check<T>(Gen<T> values, Func<T, bool> holds) =>
        Prop.ForAll(values.ToArbitrary(), holds).QuickCheckThrowOnFailure();
}
