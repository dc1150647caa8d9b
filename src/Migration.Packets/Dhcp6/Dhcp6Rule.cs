using System.Buffers.Binary;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Dhcp6;

/// <summary>
/// How a server with one client answers (RFC 8415 §18.3). Pure, like <see cref="DhcpRule"/>: the same request, lease and identity
/// always give the same reply, on whichever node the guest is.
/// </summary>
/// <remarks>
/// Nothing is remembered, so a binding is known by its addresses: of a client's IA_NAs, the one that names an address of the lease
/// is the one that has them all, and else the first. The others get none, and no prefix is ever delegated. Whatever the client calls
/// itself it is the guest, as with DHCPv4.
/// </remarks>
public static class Dhcp6Rule
{
    /// <summary>Room for any reply: what every IPv6 link carries in one piece.</summary>
    internal const int MaximumReply = Ipv6Packet.MinimumMtu - Ipv6Packet.HeaderLength - UdpDatagram.HeaderLength;

    private const int MaximumAsked = 64;
    private const byte HighestPreference = 255;
    private const byte NameServerUpdates = 1, NameOverridden = 2, NameNoUpdates = 4;

    /// <summary>The reply, or null where silence is right.</summary>
    public static Dhcp6Packet? Answer(Dhcp6Packet request, DhcpLease lease, DhcpServerIdentity server)
    {
        if (!Dhcp6Question.TryParse(request.ToArray(), out var question, out _)) return null;
        var options = new LeaseOptions6(lease, server);
        Span<byte> reply = stackalloc byte[MaximumReply];
        var length = Write(question, Judge(question, options), options, reply);
        return length > 0 && Dhcp6Packet.TryParse(reply[..length], out var packet, out _) ? packet : null;
    }

    internal static DhcpOutcome Judge(in Dhcp6Question question, LeaseOptions6 lease)
    {
        if (!IsValid(question, lease)) return DhcpOutcome.Ignored;
        if (question.IsUnicast) return AnswersUnicast(question.Type) ? DhcpOutcome.Refused : DhcpOutcome.Ignored;
        return question.Type switch
        {
            Dhcp6MessageType.Solicit when !question.RapidCommit => DhcpOutcome.Offered,
            Dhcp6MessageType.Solicit or Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Rebind => JudgeAssociations(question, lease),
            Dhcp6MessageType.Confirm => JudgeConfirm(question, lease),
            Dhcp6MessageType.Release => Names(question, lease) ? DhcpOutcome.Released : DhcpOutcome.Refused,
            Dhcp6MessageType.Decline => Names(question, lease) ? DhcpOutcome.Declined : DhcpOutcome.Refused,
            _ => DhcpOutcome.Informed,
        };
    }

    /// <summary>Writes the reply and returns its length; 0 where there is none.</summary>
    internal static int Write(in Dhcp6Question question, DhcpOutcome outcome, LeaseOptions6 lease, Span<byte> reply)
    {
        if (outcome == DhcpOutcome.Ignored) return 0;
        reply[Dhcp6Wire.Type] = (byte)(outcome == DhcpOutcome.Offered ? Dhcp6MessageType.Advertise : Dhcp6MessageType.Reply);
        question.Message.Slice(Dhcp6Wire.TransactionId, 3).CopyTo(reply[Dhcp6Wire.TransactionId..]);
        var writer = new Dhcp6OptionWriter(reply, Dhcp6Wire.Options);
        writer.TryPut(Dhcp6OptionCode.ServerIdentifier, lease.Identifier);
        if (!question.ClientIdentifier.IsEmpty) writer.TryPut(Dhcp6OptionCode.ClientIdentifier, question.ClientIdentifier);
        WriteBody(question, outcome, lease, ref writer);
        return writer.At;
    }

    // RFC 8415 §16: which messages a server must drop.
    private static bool IsValid(in Dhcp6Question question, LeaseOptions6 lease)
    {
        bool client = !question.ClientIdentifier.IsEmpty, server = !question.ServerIdentifier.IsEmpty;
        var ours = server && question.ServerIdentifier.SequenceEqual(lease.Identifier);
        return question.Type switch
        {
            Dhcp6MessageType.Solicit or Dhcp6MessageType.Rebind => client && !server,
            Dhcp6MessageType.Confirm => client && !server && NamesAny(question),
            Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Release or Dhcp6MessageType.Decline => client && ours,
            Dhcp6MessageType.InformationRequest => (!server || ours) && !question.HasAssociation,
            _ => false,
        };
    }

    // RFC 8415 §18.4: told to use the group; those that were never for one server are dropped.
    private static bool AnswersUnicast(Dhcp6MessageType type) =>
        type is Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Release or Dhcp6MessageType.Decline;

    private static DhcpOutcome JudgeAssociations(in Dhcp6Question question, LeaseOptions6 lease)
    {
        var chosen = Choose(question, lease, out var association);
        if (chosen < 0) return DhcpOutcome.Informed;
        return question.Type == Dhcp6MessageType.Request && NamesElsewhere(association, lease) ? DhcpOutcome.Refused : DhcpOutcome.Acknowledged;
    }

    // Stricter than the link: an address that is not the guest's would be dropped by the pod's network, and NotOnLink makes it ask.
    private static DhcpOutcome JudgeConfirm(in Dhcp6Question question, LeaseOptions6 lease)
    {
        var reader = question.Options;
        while (reader.MoveNext())
        {
            if (reader.Code is not (Dhcp6OptionCode.Addresses or Dhcp6OptionCode.TemporaryAddresses)) continue;
            var addresses = AddressesOf(reader.Code, reader.Value);
            while (addresses.MoveNext())
                if (addresses.Code == Dhcp6OptionCode.Address && !lease.Holds(Ipv6Address.Read(addresses.Value))) return DhcpOutcome.Refused;
        }
        return DhcpOutcome.Acknowledged;
    }

    private static void WriteBody(in Dhcp6Question question, DhcpOutcome outcome, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        if (question.IsUnicast)
        {
            writer.TryPutStatus(Dhcp6Status.UseMulticast, "ask ff02::1:2"u8);
            return;
        }
        switch (question.Type)
        {
            case Dhcp6MessageType.Confirm when outcome == DhcpOutcome.Refused:
                writer.TryPutStatus(Dhcp6Status.NotOnLink, "not your address here"u8);
                return;
            case Dhcp6MessageType.Confirm:
                writer.TryPutStatus(Dhcp6Status.Success, "your address"u8);
                return;
            case Dhcp6MessageType.Release or Dhcp6MessageType.Decline:
                writer.TryPutStatus(Dhcp6Status.Success, "noted"u8);
                WriteUnbound(question, lease, ref writer);
                return;
            case Dhcp6MessageType.Solicit when outcome == DhcpOutcome.Offered:
                // There is no better server to wait for.
                writer.TryPut(Dhcp6OptionCode.Preference, [HighestPreference]);
                break;
            case Dhcp6MessageType.Solicit:
                writer.TryPut(Dhcp6OptionCode.RapidCommit, []);
                break;
        }
        if (question.HasAssociation) WriteAssociations(question, lease, ref writer);
        WriteConfiguration(question, lease, ref writer);
    }

    private static void WriteAssociations(in Dhcp6Question question, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        var chosen = Choose(question, lease, out _);
        var reader = question.Options;
        for (var index = 0; reader.MoveNext(); index++)
        {
            if (reader.Code == Dhcp6OptionCode.Prefixes)
                WriteRefused(reader.Code, reader.Value, Dhcp6Status.NoPrefixAvailable, "no prefixes here"u8, ref writer);
            else if (reader.Code == Dhcp6OptionCode.TemporaryAddresses || (reader.Code == Dhcp6OptionCode.Addresses && index != chosen))
                WriteRefused(reader.Code, reader.Value, Dhcp6Status.NoAddressesAvailable, "one association has them all"u8, ref writer);
            else if (index == chosen && question.Type == Dhcp6MessageType.Request && NamesElsewhere(reader.Value, lease))
                WriteRefused(reader.Code, reader.Value, Dhcp6Status.NotOnLink, "not an address of this link"u8, ref writer);
            else if (index == chosen)
                WriteLeased(reader.Value, question.Type is Dhcp6MessageType.Renew or Dhcp6MessageType.Rebind, lease, ref writer);
        }
    }

    private static void WriteLeased(ReadOnlySpan<byte> association, bool endOthers, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        Span<byte> head = stackalloc byte[Dhcp6Wire.AssociationLength];
        association[..Dhcp6Wire.AssociationIdLength].CopyTo(head);
        BinaryPrimitives.WriteUInt32BigEndian(head[4..], lease.Times.Renewal);
        BinaryPrimitives.WriteUInt32BigEndian(head[8..], lease.Times.RebindingV6);
        var start = writer.Begin(Dhcp6OptionCode.Addresses, head);
        if (start < 0) return;
        foreach (var address in lease.Addresses) WriteAddress(new Dhcp6Address(address, lease.Times.Valid, lease.Times.Valid), ref writer);
        if (endOthers) EndOthers(association, lease, ref writer);
        writer.End(start);
    }

    // What the guest had and is not its own any more (RFC 8415 §18.3.4).
    private static void EndOthers(ReadOnlySpan<byte> association, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        var addresses = AddressesOf(Dhcp6OptionCode.Addresses, association);
        while (addresses.MoveNext())
        {
            if (addresses.Code != Dhcp6OptionCode.Address) continue;
            var named = Ipv6Address.Read(addresses.Value);
            if (!lease.Holds(named)) WriteAddress(new Dhcp6Address(named, 0, 0), ref writer);
        }
    }

    private static void WriteAddress(Dhcp6Address address, ref Dhcp6OptionWriter writer)
    {
        Span<byte> value = stackalloc byte[Dhcp6Wire.AddressLength];
        address.Write(value);
        writer.TryPut(Dhcp6OptionCode.Address, value);
    }

    private static void WriteUnbound(in Dhcp6Question question, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        var reader = question.Options;
        while (reader.MoveNext())
        {
            var ours = reader.Code == Dhcp6OptionCode.Addresses && NamesOwn(reader.Value, lease);
            if (!ours && reader.Code is Dhcp6OptionCode.Addresses or Dhcp6OptionCode.TemporaryAddresses or Dhcp6OptionCode.Prefixes)
                WriteRefused(reader.Code, reader.Value, Dhcp6Status.NoBinding, "never given"u8, ref writer);
        }
    }

    private static void WriteRefused(Dhcp6OptionCode code, ReadOnlySpan<byte> association, Dhcp6Status status, ReadOnlySpan<byte> text, ref Dhcp6OptionWriter writer)
    {
        Span<byte> head = stackalloc byte[Dhcp6Wire.AssociationLength];
        head.Clear();
        association[..Dhcp6Wire.AssociationIdLength].CopyTo(head);
        var start = writer.Begin(code, head[..FixedLength(code)]);
        if (start < 0) return;
        if (writer.TryPutStatus(status, text)) writer.End(start);
        else writer.Drop(start);
    }

    private static void WriteConfiguration(in Dhcp6Question question, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        WriteName(question, lease, ref writer);
        if (!question.RequestsOptions)
        {
            foreach (var code in LeaseOptions6.Unasked) WriteOption(code, lease, ref writer);
            return;
        }
        Span<Dhcp6OptionCode> done = stackalloc Dhcp6OptionCode[MaximumAsked];
        var count = 0;
        for (var asked = question.OptionRequest; asked.Length >= sizeof(ushort) && count < MaximumAsked; asked = asked[sizeof(ushort)..])
        {
            var code = (Dhcp6OptionCode)BinaryPrimitives.ReadUInt16BigEndian(asked);
            if (done[..count].Contains(code)) continue;
            done[count++] = code;
            WriteOption(code, lease, ref writer);
        }
    }

    private static void WriteOption(Dhcp6OptionCode code, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        foreach (var value in lease.Find(code)) writer.TryPut(code, value);
    }

    // RFC 4704 §6: we update nobody's DNS, and say so by N; O where that is not what the client wanted.
    private static void WriteName(in Dhcp6Question question, LeaseOptions6 lease, ref Dhcp6OptionWriter writer)
    {
        if (question.ClientName.IsEmpty) return;
        Span<byte> value = stackalloc byte[1 + byte.MaxValue];
        var name = lease.HostName.Length > 0 ? lease.HostName : question.ClientName[1..];
        if (name.Length > byte.MaxValue) return;
        value[0] = (byte)(NameNoUpdates | ((question.ClientName[0] & NameServerUpdates) != 0 ? NameOverridden : 0));
        name.CopyTo(value[1..]);
        writer.TryPut(Dhcp6OptionCode.ClientName, value[..(1 + name.Length)]);
    }

    /// <summary>Which of the message's options is the IA_NA that gets the addresses; -1 where there is none.</summary>
    private static int Choose(in Dhcp6Question question, LeaseOptions6 lease, out ReadOnlySpan<byte> association)
    {
        association = default;
        var first = -1;
        var reader = question.Options;
        for (var index = 0; reader.MoveNext(); index++)
        {
            if (reader.Code != Dhcp6OptionCode.Addresses) continue;
            var own = NamesOwn(reader.Value, lease);
            if (first >= 0 && !own) continue;
            association = reader.Value;
            if (own) return index;
            first = index;
        }
        return first;
    }

    private static bool Names(in Dhcp6Question question, LeaseOptions6 lease) =>
        Choose(question, lease, out var association) >= 0 && NamesOwn(association, lease);

    private static bool NamesAny(in Dhcp6Question question)
    {
        var reader = question.Options;
        while (reader.MoveNext())
        {
            if (reader.Code is not (Dhcp6OptionCode.Addresses or Dhcp6OptionCode.TemporaryAddresses)) continue;
            var addresses = AddressesOf(reader.Code, reader.Value);
            while (addresses.MoveNext())
                if (addresses.Code == Dhcp6OptionCode.Address) return true;
        }
        return false;
    }

    private static bool NamesOwn(ReadOnlySpan<byte> association, LeaseOptions6 lease)
    {
        var addresses = AddressesOf(Dhcp6OptionCode.Addresses, association);
        while (addresses.MoveNext())
            if (addresses.Code == Dhcp6OptionCode.Address && lease.Holds(Ipv6Address.Read(addresses.Value))) return true;
        return false;
    }

    private static bool NamesElsewhere(ReadOnlySpan<byte> association, LeaseOptions6 lease)
    {
        var addresses = AddressesOf(Dhcp6OptionCode.Addresses, association);
        while (addresses.MoveNext())
            if (addresses.Code == Dhcp6OptionCode.Address && !lease.IsOnLink(Ipv6Address.Read(addresses.Value))) return true;
        return false;
    }

    private static Dhcp6OptionReader AddressesOf(Dhcp6OptionCode code, ReadOnlySpan<byte> association) => new(association[FixedLength(code)..]);

    private static int FixedLength(Dhcp6OptionCode code) =>
        code == Dhcp6OptionCode.TemporaryAddresses ? Dhcp6Wire.TemporaryLength : Dhcp6Wire.AssociationLength;
}
