namespace Migration.Packets.Tests.Oracles;

/// <summary>Numbers in bytes, and checksums word by word as RFC 1071 §4.1 has them: nothing of what is being tested.</summary>
internal static class Wire
{
    public static int Word(ReadOnlySpan<byte> bytes, int at) => (bytes[at] << 8) | bytes[at + 1];

    public static uint Long(ReadOnlySpan<byte> bytes, int at) => ((uint)Word(bytes, at) << 16) | (uint)Word(bytes, at + 2);

    public static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i + 1 < bytes.Length; i += 2) sum += (uint)((bytes[i] << 8) | bytes[i + 1]);
        if ((bytes.Length & 1) != 0) sum += (uint)(bytes[^1] << 8);
        return sum;
    }

    public static bool IsAllOnes(uint sum)
    {
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return sum == 0xffff;
    }

    public static bool Same(ReadOnlySpan<byte> bytes, int at, ReadOnlySpan<byte> expected) => bytes.Slice(at, expected.Length).SequenceEqual(expected);

    /// <summary>Why an Ethernet frame holds no IPv4 datagram to the DHCP server's port with a checksum that may stand, or null.</summary>
    public static string? FaultOfDatagram4(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 42 || Word(frame, 12) != 0x0800) return "no IPv4";
        if (frame[14] != 0x45) return "options or another version";
        var total = Word(frame, 16);
        if (total < 28 || 14 + total > frame.Length) return "IPv4 length";
        if (!IsAllOnes(Sum(frame.Slice(14, 20)))) return "IPv4 checksum";
        if ((Word(frame, 20) & 0x3fff) != 0 || frame[23] != 17) return "a fragment, or no UDP";
        var length = Word(frame, 38);
        if (length < 8 || 20 + length > total) return "UDP length";
        if (Word(frame, 40) == 0) return null;
        return IsAllOnes(Sum(frame.Slice(26, 8)) + 17 + (uint)length + Sum(frame.Slice(34, length))) ? null : "UDP checksum";
    }

    /// <summary>Why an Ethernet frame holds no IPv6 packet without extensions whose payload has that protocol and a right checksum, or null.</summary>
    public static string? FaultOfPacket6(ReadOnlySpan<byte> frame, byte protocol)
    {
        if (frame.Length < 54 || Word(frame, 12) != 0x86dd) return "no IPv6";
        if (frame[14] >> 4 != 6) return "IP version";
        var length = Word(frame, 18);
        if (54 + length > frame.Length) return "IPv6 length";
        if (frame[20] != protocol) return "another protocol";
        if (length < 8) return "too short";
        return IsAllOnes(Sum(frame.Slice(22, 32)) + protocol + (uint)length + Sum(frame.Slice(54, length))) ? null : "checksum";
    }
}
