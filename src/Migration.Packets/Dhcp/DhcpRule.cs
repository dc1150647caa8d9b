using System.Buffers.Binary;

namespace Migration.Packets.Dhcp;

/// <summary>
/// How a server with one client and one address answers (RFC 2131 §4.3). Pure: the same request, lease and identity always give
/// the same reply, on whichever node the guest is.
/// </summary>
/// <remarks>
/// A REQUEST's state is told by what it carries (RFC 2131 §4.3.2): a server identifier in SELECTING; a requested address alone in
/// INIT-REBOOT; ciaddr alone in RENEWING and REBINDING, which differ only in how they were sent. Whatever the client calls itself
/// (option 61) it is the guest: firmware, initramfs and operating system each use their own identifier on the same NIC.
/// </remarks>
public static class DhcpRule
{
    /// <summary>Room for any reply that <see cref="Answer"/> makes.</summary>
    internal const int MaximumReply = 1472;

    private const int IpAndUdp = Ipv4Packet.HeaderLength + UdpDatagram.HeaderLength;

    private const byte NameServerUpdates = 1, NameOverridden = 2, NameAsDns = 4, NameNoUpdates = 8, NoResult = 255;
    private const int NameHead = 3, MaximumName = 255;

    // What every client must take (RFC 2131 §2: 576 bytes of IP datagram).
    private const int SmallestMaximum = 576;

    /// <summary>The reply, or null where silence is right.</summary>
    public static DhcpReply? Answer(DhcpPacket request, DhcpLease lease, DhcpServerIdentity server)
    {
        if (!DhcpQuestion.TryParse(request.ToArray(), out var question, out _)) return null;
        var options = new LeaseOptions(lease);
        Span<byte> reply = stackalloc byte[MaximumReply];
        var outcome = Judge(question, options, server);
        var length = Write(question, outcome, options, server, reply);
        return length > 0 && DhcpPacket.TryParse(reply[..length], out var packet, out _)
            ? new DhcpReply(packet!, outcome, Deliver(question, outcome))
            : null;
    }

    internal static DhcpOutcome Judge(in DhcpQuestion question, LeaseOptions lease, DhcpServerIdentity server)
    {
        if (question.ClientMac != lease.Mac) return DhcpOutcome.Ignored;
        var forAnother = question.ServerIdentifier is { } named && named != server.Address;
        return question.Type switch
        {
            DhcpMessageType.Discover => question.RapidCommit ? DhcpOutcome.Acknowledged : DhcpOutcome.Offered,
            DhcpMessageType.Inform => DhcpOutcome.Informed,
            _ when forAnother => DhcpOutcome.Ignored,
            DhcpMessageType.Request => JudgeRequest(question, lease.Address),
            DhcpMessageType.Release => question.ClientAddress == lease.Address ? DhcpOutcome.Released : DhcpOutcome.Ignored,
            DhcpMessageType.Decline => question.RequestedAddress == lease.Address ? DhcpOutcome.Declined : DhcpOutcome.Ignored,
            _ => DhcpOutcome.Ignored,
        };
    }

    internal static DhcpDelivery Deliver(in DhcpQuestion question, DhcpOutcome outcome)
    {
        if (!question.RelayAddress.IsAny) return DhcpDelivery.ToRelay;
        if (outcome == DhcpOutcome.Refused) return DhcpDelivery.Broadcast;
        if (!question.ClientAddress.IsAny && question.Type != DhcpMessageType.Discover) return DhcpDelivery.ToClientAddress;
        return question.WantsBroadcast || outcome == DhcpOutcome.Informed ? DhcpDelivery.Broadcast : DhcpDelivery.ToOfferedAddress;
    }

    /// <summary>Writes the reply and returns its length; 0 where there is none.</summary>
    internal static int Write(in DhcpQuestion question, DhcpOutcome outcome, LeaseOptions lease, DhcpServerIdentity server, Span<byte> reply)
    {
        if (outcome is DhcpOutcome.Ignored or DhcpOutcome.Released or DhcpOutcome.Declined) return 0;
        WriteHeader(question, outcome, lease, reply);
        return outcome == DhcpOutcome.Refused
            ? WriteRefusal(question, server, new DhcpOptionWriter(reply, mayOverload: false))
            : WriteConfiguration(question, outcome, lease, server, reply[..Limit(question, lease, reply.Length)]);
    }

    private static DhcpOutcome JudgeRequest(in DhcpQuestion question, Ipv4Address leased)
    {
        Ipv4Address? used = question.ClientAddress.IsAny ? null : question.ClientAddress;
        // Some clients name their server when they renew, although they must not: what they use counts then too.
        var wanted = question.ServerIdentifier is null ? used ?? question.RequestedAddress : question.RequestedAddress ?? used;
        return wanted is not { } address ? DhcpOutcome.Ignored : address == leased ? DhcpOutcome.Acknowledged : DhcpOutcome.Refused;
    }

    private static int Limit(in DhcpQuestion question, LeaseOptions lease, int room)
    {
        var largest = Math.Max(question.MaximumMessageSize, SmallestMaximum);
        if (lease.Mtu > 0) largest = Math.Min(largest, Math.Max(lease.Mtu, SmallestMaximum));
        return Math.Min(room, largest - IpAndUdp);
    }

    // RFC 2131 table 3.
    private static void WriteHeader(in DhcpQuestion question, DhcpOutcome outcome, LeaseOptions lease, Span<byte> reply)
    {
        var asked = question.Message;
        reply[..DhcpWire.Options].Clear();
        reply[DhcpWire.Operation] = DhcpWire.BootReply;
        reply[DhcpWire.HardwareType] = DhcpWire.Ethernet;
        reply[DhcpWire.HardwareLength] = MacAddress.Length;
        asked.Slice(DhcpWire.TransactionId, 4).CopyTo(reply[DhcpWire.TransactionId..]);
        asked.Slice(DhcpWire.Flags, 2).CopyTo(reply[DhcpWire.Flags..]);
        asked.Slice(DhcpWire.RelayAddress, 4).CopyTo(reply[DhcpWire.RelayAddress..]);
        asked.Slice(DhcpWire.ClientMac, DhcpWire.ClientMacLength).CopyTo(reply[DhcpWire.ClientMac..]);
        BinaryPrimitives.WriteUInt32BigEndian(reply[DhcpWire.Cookie..], DhcpWire.MagicCookie);
        if (outcome is DhcpOutcome.Offered or DhcpOutcome.Acknowledged) lease.Address.Write(reply[DhcpWire.YourAddress..]);
        if (outcome is DhcpOutcome.Informed || (outcome == DhcpOutcome.Acknowledged && question.Type == DhcpMessageType.Request))
            asked.Slice(DhcpWire.ClientAddress, 4).CopyTo(reply[DhcpWire.ClientAddress..]);
        if (outcome != DhcpOutcome.Refused) lease.NextServer.Write(reply[DhcpWire.NextServer..]);
        // A relay must broadcast what the client cannot take otherwise.
        if (outcome == DhcpOutcome.Refused && !question.RelayAddress.IsAny) reply[DhcpWire.Flags] |= DhcpWire.BroadcastFlag >> 8;
    }

    private static int WriteRefusal(in DhcpQuestion question, DhcpServerIdentity server, DhcpOptionWriter writer)
    {
        WriteHead(question, DhcpMessageType.Nak, server, ref writer);
        writer.TryPut(DhcpOptionCode.Message, "not your address"u8);
        return Finish(question, ref writer);
    }

    private static int WriteConfiguration(
        in DhcpQuestion question, DhcpOutcome outcome, LeaseOptions lease, DhcpServerIdentity server, Span<byte> reply)
    {
        Span<DhcpOptionCode> order = stackalloc DhcpOptionCode[256];
        order = order[..Order(question, lease, order)];
        Span<byte> name = stackalloc byte[MaximumName];
        name = name[..WriteName(question, lease, name)];
        var crowded = Need(question, name.Length, order, lease) > reply.Length;
        var writer = new DhcpOptionWriter(reply, crowded);
        WriteHead(question, outcome == DhcpOutcome.Offered ? DhcpMessageType.Offer : DhcpMessageType.Ack, server, ref writer);
        if (outcome != DhcpOutcome.Informed)
        {
            Put(DhcpOptionCode.LeaseTime, lease, ref writer);
            Put(DhcpOptionCode.RenewalTime, lease, ref writer);
            Put(DhcpOptionCode.RebindingTime, lease, ref writer);
        }
        if (question.Type == DhcpMessageType.Discover && question.RapidCommit) writer.TryPut(DhcpOptionCode.RapidCommit, []);
        var relayed = TryReserve(question, ref writer);
        if (!name.IsEmpty) writer.TryPut(DhcpOptionCode.ClientName, name);
        foreach (var code in order)
            if (!crowded || code != DhcpOptionCode.DomainSearch) Put(code, lease, ref writer);
        if (crowded && order.Contains(DhcpOptionCode.DomainSearch)) PutSearchList(lease, ref writer);
        var length = relayed ? writer.Finish(DhcpOptionCode.RelayAgentInformation, question.RelayInformation) : writer.Finish();
        WriteBootFields(lease, writer.Overloaded, reply);
        return length;
    }

    // 53 and 54 first, as the oldest clients expect, and what is echoed (RFC 6842) before anything that could take its room.
    private static void WriteHead(in DhcpQuestion question, DhcpMessageType type, DhcpServerIdentity server, ref DhcpOptionWriter writer)
    {
        Span<byte> value = stackalloc byte[Ipv4Address.Length];
        value[0] = (byte)type;
        writer.TryPut(DhcpOptionCode.MessageType, value[..1]);
        server.Address.Write(value);
        writer.TryPut(DhcpOptionCode.ServerIdentifier, value);
        if (!question.ClientIdentifier.IsEmpty) writer.TryPut(DhcpOptionCode.ClientIdentifier, question.ClientIdentifier);
    }

    // What a relay added is given back as the last option (RFC 3046 §2.1).
    private static bool TryReserve(in DhcpQuestion question, ref DhcpOptionWriter writer) =>
        !question.RelayInformation.IsEmpty && writer.TryReserve(DhcpOptionWriter.Need(question.RelayInformation.Length));

    private static int Finish(in DhcpQuestion question, ref DhcpOptionWriter writer) => TryReserve(question, ref writer)
        ? writer.Finish(DhcpOptionCode.RelayAgentInformation, question.RelayInformation)
        : writer.Finish();

    // Last where room is short: as many names as there is room for, in their order.
    private static void PutSearchList(LeaseOptions lease, ref DhcpOptionWriter writer)
    {
        if (!lease.TryGet(DhcpOptionCode.DomainSearch, out var names)) return;
        for (var count = lease.SearchEnds.Length; count > 0; count--)
            if (writer.TryPut(DhcpOptionCode.DomainSearch, names[..lease.SearchEnds[count - 1]])) return;
    }

    // RFC 4702 §4: only to a client that said its own; we update nobody's DNS (N), and say so where it wanted us to (O).
    private static int WriteName(in DhcpQuestion question, LeaseOptions lease, Span<byte> value)
    {
        if (question.ClientName.IsEmpty) return 0;
        var asked = question.ClientName[0];
        ReadOnlySpan<byte> name = (asked & NameAsDns) != 0 ? lease.NameAsDns : lease.Name;
        if (name.IsEmpty) name = question.ClientName[NameHead..];
        if (NameHead + name.Length > value.Length) return 0;
        value[0] = (byte)(NameNoUpdates | (asked & NameAsDns) | ((asked & NameServerUpdates) != 0 ? NameOverridden : 0));
        value[1] = value[2] = NoResult;
        name.CopyTo(value[NameHead..]);
        return NameHead + name.Length;
    }

    private static void WriteBootFields(LeaseOptions lease, int overloaded, Span<byte> reply)
    {
        if ((overloaded & 1) == 0) lease.BootFile.CopyTo(reply[DhcpWire.BootFile..]);
        if ((overloaded & 2) == 0) lease.ServerName.CopyTo(reply[DhcpWire.ServerName..]);
    }

    private static void Put(DhcpOptionCode code, LeaseOptions lease, ref DhcpOptionWriter writer)
    {
        if (lease.TryGet(code, out var value)) writer.TryPut(code, value);
    }

    /// <summary>Which of the lease's options go out, in the order that the client asked for them.</summary>
    private static int Order(in DhcpQuestion question, LeaseOptions lease, Span<DhcpOptionCode> order)
    {
        var count = 0;
        Span<ulong> seen = stackalloc ulong[4];
        // Already said, or not a matter of configuration.
        Mark(DhcpOptionCode.LeaseTime, seen);
        Mark(DhcpOptionCode.RenewalTime, seen);
        Mark(DhcpOptionCode.RebindingTime, seen);
        if (question.Parameters.IsEmpty)
        {
            foreach (var code in lease.Unasked) Add(code, lease, order, ref count, seen);
            return count;
        }
        foreach (var code in question.Parameters)
        {
            // The mask must stand before the routers whatever order was asked for (RFC 2132 §3.3).
            if ((DhcpOptionCode)code == DhcpOptionCode.Router) Add(DhcpOptionCode.SubnetMask, lease, order, ref count, seen);
            Add((DhcpOptionCode)code, lease, order, ref count, seen);
        }
        for (var i = 0; i < lease.Always.Count; i++) Add(lease.Always[i], lease, order, ref count, seen);
        return count;
    }

    private static void Add(DhcpOptionCode code, LeaseOptions lease, Span<DhcpOptionCode> order, ref int count, Span<ulong> seen)
    {
        if (lease.TryGet(code, out _) && Mark(code, seen)) order[count++] = code;
    }

    private static bool Mark(DhcpOptionCode code, Span<ulong> seen)
    {
        var bit = 1UL << ((byte)code & 63);
        ref var word = ref seen[(byte)code >> 6];
        if ((word & bit) != 0) return false;
        word |= bit;
        return true;
    }

    private static int Need(in DhcpQuestion question, int name, ReadOnlySpan<DhcpOptionCode> order, LeaseOptions lease)
    {
        const int fixedOptions = 3 + 6 + 3 * 6 + 2 + 1;
        var need = DhcpWire.Options + fixedOptions
            + DhcpOptionWriter.Need(question.ClientIdentifier.Length) + DhcpOptionWriter.Need(question.RelayInformation.Length) + DhcpOptionWriter.Need(name);
        foreach (var code in order)
            if (lease.TryGet(code, out var value)) need += DhcpOptionWriter.Need(value.Length);
        return need;
    }
}
