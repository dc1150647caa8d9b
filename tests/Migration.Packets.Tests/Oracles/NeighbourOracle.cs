using static Migration.Packets.Tests.Oracles.Wire;

namespace Migration.Packets.Tests.Oracles;

/// <summary>What RFC 4861 and RFC 4862 demand of who answers router and neighbour solicitations, written without looking at how it is done.</summary>
/// <param name="neighbours">Address and MAC of everybody that is answered for, the router among them.</param>
internal sealed class NeighbourOracle((byte[] Address, byte[] Mac)[] neighbours, byte[] router, byte[] routerMac)
{
    private const int At = 54;
    private static readonly byte[] AllNodes = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], AllNodesMac = [0x33, 0x33, 0, 0, 0, 1];

    /// <summary>What is wrong with answering that frame so (an empty answer is silence), or null.</summary>
    public string? Objection(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> answer)
    {
        if (frame.Length < At || Word(frame, 12) != 0x86dd || frame[20] != 58) return null;
        var expected = IsValid(frame) && (frame[At] == 133 || IndexOf(frame.Slice(At + 8, 16)) >= 0);
        if (answer.IsEmpty) return expected ? "silence, where an answer is due" : null;
        if (!expected) return "an answer, where silence is due";
        if (FaultOfPacket6(answer, 58) is { } fault) return $"its {fault}";
        if (54 + Word(answer, 18) != answer.Length || answer.Length > 14 + 1280) return "lengths that are not the frame's";
        if (answer[21] != 255) return "another hop limit than 255";
        if (answer[At + 1] != 0) return "a code";
        return FaultOfDestination(frame, answer) ?? (frame[At] == 133 ? FaultOfRouter(answer) : FaultOfNeighbour(frame, answer));
    }

    // RFC 4861 §6.1.1 and §7.1.1.
    private static bool IsValid(ReadOnlySpan<byte> frame)
    {
        if (FaultOfPacket6(frame, 58) is not null || frame[21] != 255 || frame[22] == 0xff || frame[At + 1] != 0) return false;
        var message = frame.Slice(At, Word(frame, 18));
        var options = message[0] switch { 133 => 8, 135 => 24, _ => int.MaxValue };
        if (message.Length < options) return false;
        var anonymous = IsZero(frame.Slice(22, 16));
        for (var at = options; at < message.Length; at += message[at + 1] * 8)
        {
            if (at + 2 > message.Length || message[at + 1] == 0 || at + message[at + 1] * 8 > message.Length) return false;
            if (anonymous && message[at] == 1 && message[at + 1] == 1) return false;
        }
        if (message[0] == 133) return true;
        if (message[8] == 0xff) return false;
        return !anonymous || (Same(frame, 38, [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff]) && Same(frame, 51, message.Slice(21, 3)));
    }

    private static string? FaultOfDestination(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> answer)
    {
        if (IsZero(frame.Slice(22, 16))) return Same(answer, 38, AllNodes) && Same(answer, 0, AllNodesMac) ? null : "not to all nodes";
        var mac = frame.Slice(6, 6);
        for (var at = At + (frame[At] == 133 ? 8 : 24); at + 8 <= At + Word(frame, 18); at += frame[at + 1] * 8)
        {
            if (frame[at] != 1 || frame[at + 1] != 1) continue;
            mac = frame.Slice(at + 2, 6);
            break;
        }
        return Same(answer, 38, frame.Slice(22, 16)) && Same(answer, 0, mac) ? null : "not to the asker";
    }

    private string? FaultOfRouter(ReadOnlySpan<byte> answer)
    {
        if (answer[At] != 134 || !Same(answer, 22, router) || !Same(answer, 6, routerMac)) return "not from the router";
        var message = answer[At..];
        if ((message[5] & 0xc0) != 0xc0) return "not M and O";
        if (Word(message, 6) > 9000) return "a lifetime over 9000 s";
        for (var at = 16; at < message.Length; at += message[at + 1] * 8)
        {
            if (at + 2 > message.Length || message[at + 1] == 0 || at + message[at + 1] * 8 > message.Length) return "options that end nowhere";
            if (message[at] == 3 && (message[at + 3] & 0x40) != 0) return "a prefix to make addresses of";
            if (message[at] == 3 && Long(message, at + 8) > Long(message, at + 4)) return "preferred longer than valid";
            if (message[at] == 1 && !Same(message, at + 2, routerMac)) return "another link-layer address";
        }
        return null;
    }

    private string? FaultOfNeighbour(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> answer)
    {
        var message = answer[At..];
        var target = frame.Slice(At + 8, 16);
        var mac = neighbours[IndexOf(target)].Mac;
        if (message[0] != 136 || !Same(message, 8, target) || !Same(answer, 22, target) || !Same(answer, 6, mac)) return "not from the target";
        if (((message[4] & 0x40) != 0) == IsZero(frame.Slice(22, 16))) return "solicited, or not";
        if (target.SequenceEqual(router) && (message[4] & 0x80) == 0) return "a router that says it is none";
        return message.Length == 32 && message[24] == 2 && message[25] == 1 && Same(message, 26, mac) ? null : "not where the target is";
    }

    private int IndexOf(ReadOnlySpan<byte> address)
    {
        for (var i = 0; i < neighbours.Length; i++)
            if (address.SequenceEqual(neighbours[i].Address)) return i;
        return -1;
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);
}
