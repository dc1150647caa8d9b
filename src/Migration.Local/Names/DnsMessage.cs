using System.Buffers.Binary;
using System.Text;

namespace Migration.Local.Names;

/// <summary>
/// DNS messages (RFC 1035 §4) as far as a server of one zone needs them: a query with one question is read, its answer written. Names in answers are written in full,
/// except that a record of the very name that was asked points back to it.
/// </summary>
public static class DnsMessage
{
    private const int HeaderSize = 12, QuestionTail = 4, LongestName = 255, LongestLabel = 63;
    private const ushort Response = 0x8000, OperationMask = 0x7800, Authoritative = 0x0400, Truncated = 0x0200, RecursionDesired = 0x0100;
    private const ushort InternetClass = 1, AnyClass = 255, Options = 41;
    private const ushort QuestionPointer = 0xc000 | HeaderSize;
    private const uint Seconds = 5;
    private const int PlainSize = 512, MostSize = 1232;

    /// <summary>The question, and how long an answer over UDP may be; null for what is no query of one name in the Internet's class.</summary>
    public static DnsQuestion? TryReadQuery(ReadOnlySpan<byte> message, out int longestAnswer)
    {
        longestAnswer = PlainSize;
        if (message.Length < HeaderSize)
            return null;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & (Response | OperationMask)) != 0 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
            return null;
        if (!TryReadName(message, HeaderSize, out var name, out var end) || message.Length < end + QuestionTail)
            return null;
        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[end..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(message[(end + 2)..]) is not (InternetClass or AnyClass))
            return null;
        end += QuestionTail;
        longestAnswer = ReadSize(message, end);
        return new DnsQuestion(name, type, message[HeaderSize..end].ToArray());
    }

    /// <summary>Records that do not fit are left out, and the answer says so.</summary>
    public static byte[] WriteAnswer(ReadOnlySpan<byte> query, DnsQuestion question, DnsAnswer answer, string zone, int longest)
    {
        var text = new List<byte>(PlainSize);
        text.AddRange(new byte[HeaderSize]);
        text.AddRange(question.Wire.Span);
        var (count, isTruncated) = (0, false);
        foreach (var record in answer.Records)
        {
            var piece = RecordOf(record, question);
            if (text.Count + piece.Count > longest)
            {
                isTruncated = true;
                break;
            }

            text.AddRange(piece);
            count++;
        }

        // Who learns that there is nothing may remember it for as long as the authority says (RFC 2308).
        var authorities = answer is { Records.Count: 0, Outcome: not DnsOutcome.Refused } ? 1 : 0;
        if (authorities > 0)
            text.AddRange(AuthorityOf(zone));
        var message = text.ToArray();
        query[..2].CopyTo(message);
        var flags = (ushort)(Response | Authoritative | (BinaryPrimitives.ReadUInt16BigEndian(query[2..]) & RecursionDesired) | (isTruncated ? Truncated : 0) | (byte)answer.Outcome);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), flags);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), (ushort)count);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(8), (ushort)authorities);
        return message;
    }

    /// <summary>The size that an OPT record behind the question allows (RFC 6891 §6.1.2).</summary>
    private static int ReadSize(ReadOnlySpan<byte> message, int end)
    {
        var isOptions = message.Length >= end + 5 && BinaryPrimitives.ReadUInt16BigEndian(message[10..]) > 0
            && message[end] == 0 && BinaryPrimitives.ReadUInt16BigEndian(message[(end + 1)..]) == Options;
        return isOptions ? Math.Clamp((int)BinaryPrimitives.ReadUInt16BigEndian(message[(end + 3)..]), PlainSize, MostSize) : PlainSize;
    }

    /// <summary>A question's name is never compressed: there is nothing before it to point to.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, int start, out string name, out int end)
    {
        var text = new StringBuilder();
        for (end = start; end < message.Length && end - start <= LongestName;)
        {
            int length = message[end++];
            if (length == 0)
            {
                name = text.ToString().ToLowerInvariant();
                return true;
            }

            if (length > LongestLabel || end + length > message.Length)
                break;
            if (text.Length > 0)
                text.Append('.');
            text.Append(Encoding.Latin1.GetString(message.Slice(end, length)));
            end += length;
        }

        name = "";
        return false;
    }

    private static List<byte> RecordOf(DnsRecord record, DnsQuestion question) =>
        Record(record.Name == question.Name ? [QuestionPointer >> 8, QuestionPointer & 0xff] : Name(record.Name), record.Type, record switch
        {
            DnsRecord.Address address => address.Value.GetAddressBytes(),
            DnsRecord.Alias alias => Name(alias.Target),
            DnsRecord.Pointer pointer => Name(pointer.Target),
            DnsRecord.Service service => [.. Number(0), .. Number(100), .. Number(service.Port), .. Name(service.Target)],
            _ => throw new ArgumentException($"cannot write a record {record}"),
        });

    private static List<byte> AuthorityOf(string zone) =>
        Record(Name(zone), DnsType.Authority,
            [.. Name($"ns.dns.{zone}"), .. Name($"hostmaster.{zone}"), .. Number32(1), .. Number32(7200), .. Number32(1800), .. Number32(86400), .. Number32(Seconds)]);

    private static List<byte> Record(byte[] name, DnsType type, byte[] data) =>
        [.. name, .. Number((ushort)type), .. Number(InternetClass), .. Number32(Seconds), .. Number((ushort)data.Length), .. data];

    private static byte[] Name(string name)
    {
        var bytes = new List<byte>(name.Length + 2);
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.Latin1.GetBytes(label));
        }

        bytes.Add(0);
        return [.. bytes];
    }

    private static byte[] Number(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Number32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
