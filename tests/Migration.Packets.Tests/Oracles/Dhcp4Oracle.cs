using static Migration.Packets.Tests.Oracles.Wire;

namespace Migration.Packets.Tests.Oracles;

/// <summary>
/// What RFC 2131 demands of a server, read off question and answer as bytes and written without looking at the rule: it says what must
/// be answered, what must not, and what an answer must and must not hold. Where the RFC leaves a choice it has no opinion.
/// </summary>
internal sealed class Dhcp4Oracle(byte[] guestMac, byte[] leased, byte[] server, byte[] serverMac, byte[] unasked)
{
    private const int Discover = 1, Offer = 2, Request = 3, Decline = 4, Ack = 5, Nak = 6, Release = 7, Inform = 8;
    private const int At = 42, Fixed = 240, Absent = -1;

    // Where each option is, by code, of the question and of the answer: reused, so that a million of them cost nothing.
    private readonly int[] _asked = new int[256], _said = new int[256];

    // Whether the question's options are so plain that there is but one way to read them.
    private bool _clean;

    /// <summary>What is wrong with answering that frame so (an empty answer is silence), or null.</summary>
    public string? Objection(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> answer)
    {
        // Tags and IPv4 options are for the parsers' own tests.
        if (frame.Length < 42 || Word(frame, 12) != 0x0800 || frame[14] != 0x45) return null;
        var expected = Expected(frame, out var message);
        if (answer.IsEmpty) return expected == Expectation.Answer ? "silence, where an answer is due" : null;
        if (expected == Expectation.Silence) return "an answer, where silence is due";
        return FaultOfAnswer(frame, message, answer);
    }

    private enum Expectation { Answer, Silence, Either }

    private Expectation Expected(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> message)
    {
        message = default;
        _clean = false;
        var fault = FaultOfDatagram4(frame);
        // A checksum that is only begun is the one thing that may be wrong.
        if (fault is not (null or "UDP checksum")) return Expectation.Silence;
        message = frame[At..(34 + Word(frame, 38))];
        if (Word(frame, 36) != 67 || message.Length is < Fixed or > 4096) return Expectation.Silence;
        if (message[0] != 1 || message[1] != 1 || message[2] != 6 || Long(message, 236) != 0x63825363) return Expectation.Silence;
        if (!Same(message, 28, guestMac)) return Expectation.Silence;
        _clean = Find(message, _asked, maySplit: false);
        if (!_clean) return Expectation.Either;
        var expected = Expected(message);
        return fault is null || expected == Expectation.Silence ? expected : Expectation.Either;
    }

    private Expectation Expected(ReadOnlySpan<byte> message)
    {
        if (Length(message, _asked, 53) != 1) return Expectation.Silence;
        foreach (var code in (ReadOnlySpan<int>)[50, 54])
            if (_asked[code] != Absent && Length(message, _asked, code) != 4) return Expectation.Silence;
        // Malformed otherwise: dropped by some.
        if ((_asked[57] != Absent && Length(message, _asked, 57) != 2) || (_asked[80] != Absent && Length(message, _asked, 80) != 0)
            || Length(message, _asked, 61) == 0 || Length(message, _asked, 81) is >= 0 and < 3) return Expectation.Either;
        var forAnother = _asked[54] != Absent && !Value(message, _asked, 54).SequenceEqual(server);
        var hasCurrent = Long(message, 12) != 0;
        return Value(message, _asked, 53)[0] switch
        {
            Discover or Inform => Expectation.Answer,
            Request when forAnother => Expectation.Silence,
            Request when _asked[50] != Absent || hasCurrent => Expectation.Answer,
            _ => Expectation.Silence,
        };
    }

    private string? FaultOfAnswer(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> asked, ReadOnlySpan<byte> answer)
    {
        if (FaultOfDatagram4(answer) is { } fault) return $"its {fault}";
        if (Word(answer, 40) == 0) return "no UDP checksum";
        if (Word(answer, 16) != answer.Length - 14 || Word(answer, 38) != answer.Length - 34) return "lengths that are not the frame's";
        if (!Same(answer, 6, serverMac) || !Same(answer, 26, server) || Word(answer, 34) != 67) return "not from the server";
        var said = answer[At..];
        if (said.Length < 300) return "shorter than BOOTP";
        var largest = !_clean ? 1500 : _asked[57] != Absent && Length(asked, _asked, 57) == 2 ? Math.Max(576, Word(Value(asked, _asked, 57), 0)) : 576;
        if (said.Length + 28 > largest) return "larger than the client takes";
        if (said[0] != 2 || said[1] != 1 || said[2] != 6 || said[3] != 0 || Word(said, 8) != 0) return "head";
        if (!Same(said, 4, asked.Slice(4, 4))) return "another transaction";
        if (!Same(said, 24, asked.Slice(24, 4))) return "another relay";
        if (!Same(said, 28, asked.Slice(28, 16))) return "another client";
        if (Long(said, 236) != 0x63825363) return "no cookie";
        if (!Find(said, _said, maySplit: true)) return "options that end nowhere or come twice";
        return !_clean ? null : FaultOfOptions(asked, said) ?? FaultOfAddressing(frame, asked, answer, said);
    }

    private string? FaultOfOptions(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said)
    {
        if (Length(said, _said, 53) != 1 || Length(asked, _asked, 53) != 1) return "no type";
        if (!Value(said, _said, 54).SequenceEqual(server)) return "no server identifier";
        int type = Value(said, _said, 53)[0], question = Value(asked, _asked, 53)[0];
        var rapid = question == Discover && type == Ack;
        if (rapid != (_said[80] != Absent)) return "rapid commit, and not";
        if (rapid && _asked[80] == Absent) return "an unasked rapid commit";
        if (!rapid && (question, type) is not ((Discover, Offer) or (Request, Ack) or (Request, Nak) or (Inform, Ack))) return "that type to this one";
        if (_asked[61] != Absent && !Value(asked, _asked, 61).SequenceEqual(Value(said, _said, 61))) return "another client identifier";
        if (_asked[61] == Absent && _said[61] != Absent) return "a client identifier";
        if (_asked[82] == Absent && _said[82] != Absent) return "relay information";
        if (_asked[82] != Absent && Length(asked, _asked, 61) + Length(asked, _asked, 82) < 200 && !Value(asked, _asked, 82).SequenceEqual(Value(said, _said, 82)))
            return "other relay information";
        foreach (var code in (ReadOnlySpan<int>)[50, 55, 57])
            if (_said[code] != Absent) return "an option that only clients send";
        return type == Nak ? FaultOfRefusal(asked, said) : FaultOfConfiguration(asked, said, question);
    }

    private string? FaultOfRefusal(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said)
    {
        if (Long(asked, 12) == 0 ? Value(asked, _asked, 50).SequenceEqual(leased) : _asked[50] == Absent && Same(asked, 12, leased)) return "a refusal of its own address";
        if (Long(said, 12) != 0 || Long(said, 16) != 0 || Long(said, 20) != 0) return "a refusal with an address";
        if (Long(said, 24) != 0 && (said[10] & 0x80) == 0) return "a refusal that no relay broadcasts";
        for (var code = 1; code < 255; code++)
            if (_said[code] != Absent && code is not (53 or 54 or 56 or 60 or 61 or 82)) return $"a refusal with option {code}";
        return null;
    }

    private string? FaultOfConfiguration(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said, int question)
    {
        if (question == Inform)
        {
            if (Long(said, 16) != 0) return "an address to one that has its own";
            if (_said[51] != Absent || _said[58] != Absent || _said[59] != Absent) return "times to one without lease";
        }
        else
        {
            if (!Same(said, 16, leased)) return "another address";
            if (Length(said, _said, 51) != 4 || Length(said, _said, 58) != 4 || Length(said, _said, 59) != 4) return "no times";
            uint renew = Long(Value(said, _said, 58), 0), rebind = Long(Value(said, _said, 59), 0), end = Long(Value(said, _said, 51), 0);
            if (renew == 0 || renew >= rebind || rebind >= end) return "times that do not follow each other";
        }
        if (question == Request && !AsksFor(asked)) return "an acknowledgement of another address";
        if (_said[3] != Absent && (_said[1] == Absent || _said[1] > _said[3])) return "routers before the mask";
        if (_said[81] != Absent && _asked[81] == Absent) return "a name to one that said none";
        return FaultOfSelection(asked);
    }

    private bool AsksFor(ReadOnlySpan<byte> asked)
    {
        ReadOnlySpan<byte> current = asked.Slice(12, 4), requested = _asked[50] != Absent ? Value(asked, _asked, 50) : default;
        return current.SequenceEqual(leased) || requested.SequenceEqual(leased);
    }

    // Nothing but what was asked for, what every answer holds, and what the owner wants sent.
    private string? FaultOfSelection(ReadOnlySpan<byte> asked)
    {
        if (_asked[55] == Absent || Length(asked, _asked, 55) == 0) return null;
        var list = Value(asked, _asked, 55);
        for (var code = 1; code < 255; code++)
            if (_said[code] != Absent && code is not (51 or 52 or 53 or 54 or 58 or 59 or 61 or 80 or 81 or 82) && !unasked.Contains((byte)code) && !list.Contains((byte)code))
                return $"option {code}, unasked";
        return null;
    }

    private string? FaultOfAddressing(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> asked, ReadOnlySpan<byte> answer, ReadOnlySpan<byte> said)
    {
        if (Long(asked, 24) != 0)
            return Same(answer, 30, asked.Slice(24, 4)) && Word(answer, 36) == 67 && Same(answer, 0, frame.Slice(6, 6)) ? null : "not to the relay";
        if (Word(answer, 36) != 68) return "not to a client's port";
        if ((said[10] & 0x80) != (asked[10] & 0x80)) return "another broadcast flag";
        var type = Value(said, _said, 53)[0];
        var question = Value(asked, _asked, 53)[0];
        if (type != Nak && question != Discover && Long(asked, 12) != 0)
            return Same(answer, 30, asked.Slice(12, 4)) && Same(answer, 0, guestMac) ? null : "not to the client's address";
        if (type == Nak || (asked[10] & 0x80) != 0 || question == Inform)
            return Long(answer, 30) == uint.MaxValue && Same(answer, 0, [255, 255, 255, 255, 255, 255]) ? null : "not to everybody";
        return Same(answer, 30, leased) && Same(answer, 0, guestMac) ? null : "not to the address offered";
    }

    /// <summary>
    /// Finds every option in the three fields; false where they are not plain: cut short, without end, or one twice. A long value comes in
    /// pieces one behind the other, of which the first is found.
    /// </summary>
    private static bool Find(ReadOnlySpan<byte> message, int[] found, bool maySplit)
    {
        Array.Fill(found, Absent);
        if (!Walk(message, Fixed, message.Length, found, maySplit)) return false;
        if (found[52] == Absent) return true;
        int at = found[52], overload = message[at + 2];
        if (message[at + 1] != 1 || overload is < 1 or > 3) return false;
        return ((overload & 1) == 0 || Walk(message, 108, 236, found, maySplit)) && ((overload & 2) == 0 || Walk(message, 44, 108, found, maySplit));
    }

    private static bool Walk(ReadOnlySpan<byte> message, int at, int end, int[] found, bool maySplit)
    {
        for (var previous = -1; at < end; at += 2 + message[at + 1])
        {
            while (at < end && message[at] == 0) at++;
            if (at < end && message[at] == 255) return true;
            if (at + 1 >= end || at + 2 + message[at + 1] > end) return false;
            int code = message[at];
            if (found[code] != Absent && !(maySplit && code == previous)) return false;
            if (found[code] == Absent) found[code] = at;
            previous = code;
        }
        return false;
    }

    private static int Length(ReadOnlySpan<byte> message, int[] found, int code) => found[code] == Absent ? Absent : message[found[code] + 1];

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> message, int[] found, int code) =>
        found[code] == Absent ? default : message.Slice(found[code] + 2, message[found[code] + 1]);
}
