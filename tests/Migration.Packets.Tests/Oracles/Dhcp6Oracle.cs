using static Migration.Packets.Tests.Oracles.Wire;

namespace Migration.Packets.Tests.Oracles;

/// <summary>What RFC 8415 demands of a server, read off question and answer as bytes and written without looking at the rule.</summary>
/// <param name="prefix">The first bytes of every address on the guest's link; all of its own where nothing else is on it.</param>
internal sealed class Dhcp6Oracle(byte[] guestMac, byte[] leased, byte[] prefix, byte[] serverMac, byte[] serverLinkLocal)
{
    private const int At = 62, ClientId = 1, ServerId = 2, Association = 3, Temporary = 4, Address = 5, Request = 6, Status = 13, RapidCommit = 14, Prefixes = 25;
    private const int NoAddresses = 2, NoBinding = 3, NotOnLink = 4, UseMulticast = 5, NoPrefix = 6;
    private readonly byte[] _serverId = [0, 3, 0, 1, .. serverMac];

    private enum Expectation { Answer, Silence, Either }

    /// <summary>What is wrong with answering that frame so (an empty answer is silence), or null.</summary>
    public string? Objection(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> answer)
    {
        // Tags and extension headers are for the parsers' own tests.
        if (frame.Length < At || Word(frame, 12) != 0x86dd || frame[20] != 17) return null;
        var expected = Expected(frame, out var asked);
        if (answer.IsEmpty) return expected == Expectation.Answer ? "silence, where an answer is due" : null;
        if (expected == Expectation.Silence) return "an answer, where silence is due";
        return FaultOfAnswer(frame, asked, answer);
    }

    private Expectation Expected(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> asked)
    {
        asked = default;
        var fault = FaultOfPacket6(frame, 17);
        if (fault is not (null or "checksum")) return Expectation.Silence;
        var length = Word(frame, 58);
        if (length < 12 || length > Word(frame, 18) || Word(frame, 56) != 547 || Word(frame, 60) == 0) return Expectation.Silence;
        asked = frame[At..(54 + length)];
        // The whole packet was summed; a datagram that is shorter than its packet has a sum of its own.
        if (length != Word(frame, 18)) return Expectation.Either;
        if (!Same(frame, 6, guestMac) || frame[22] != 0xfe || (frame[23] & 0xc0) != 0x80) return Expectation.Silence;
        var expected = Expected(asked, isMulticast: frame[38] == 0xff);
        return fault is null || expected == Expectation.Silence ? expected : Expectation.Either;
    }

    // RFC 8415 §16.
    private Expectation Expected(ReadOnlySpan<byte> asked, bool isMulticast)
    {
        if (!IsClean(asked)) return Expectation.Either;
        bool client = Find(asked, ClientId, out _), server = Find(asked, ServerId, out var named), ours = server && named.SequenceEqual(_serverId);
        var associations = Find(asked, Association, out _) || Find(asked, Temporary, out _) || Find(asked, Prefixes, out _);
        return asked[0] switch
        {
            1 or 6 => client && !server && isMulticast ? Expectation.Answer : Expectation.Silence,
            4 => client && !server && isMulticast && CountAddresses(asked, own: null) > 0 ? Expectation.Answer : Expectation.Silence,
            3 or 5 or 8 or 9 => client && ours ? Expectation.Answer : Expectation.Silence,
            11 => (!server || ours) && !associations && isMulticast ? Expectation.Answer : Expectation.Silence,
            _ => Expectation.Silence,
        };
    }

    private string? FaultOfAnswer(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> asked, ReadOnlySpan<byte> answer)
    {
        if (FaultOfPacket6(answer, 17) is { } fault) return $"its {fault}";
        if (54 + Word(answer, 18) != answer.Length || Word(answer, 58) != Word(answer, 18) || Word(answer, 60) == 0) return "lengths that are not the frame's";
        if (answer.Length > 14 + 1280) return "more than every link carries";
        if (!Same(answer, 0, guestMac) || !Same(answer, 6, serverMac) || !Same(answer, 22, serverLinkLocal) || !Same(answer, 38, frame.Slice(22, 16)))
            return "not from the server to the guest";
        if (Word(answer, 54) != 547 || Word(answer, 56) != 546) return "ports";
        var said = answer[At..];
        if (!Same(said, 1, asked.Slice(1, 3))) return "another transaction";
        if (!IsClean(said)) return "options that end nowhere or come twice";
        if (!Find(said, ServerId, out var server) || !server.SequenceEqual(_serverId)) return "no server identifier";
        if (!IsClean(asked)) return null;
        var hasClient = Find(asked, ClientId, out var client);
        if (hasClient != Find(said, ClientId, out var echoed) || !client.SequenceEqual(echoed)) return "another client identifier";
        return FaultOfContent(asked, said, isMulticast: frame[38] == 0xff);
    }

    private string? FaultOfContent(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said, bool isMulticast)
    {
        var rapid = asked[0] == 1 && Find(asked, RapidCommit, out _);
        if (said[0] != (asked[0] == 1 && !rapid ? 2 : 7)) return "that type to this one";
        if (rapid != Find(said, RapidCommit, out _)) return "rapid commit, and not";
        if (!isMulticast) return StatusOf(said[4..]) == UseMulticast && Count(said, Association) == 0 ? null : "no word that it should have asked the group";
        return asked[0] switch
        {
            4 => FaultOfConfirm(asked, said),
            8 or 9 => FaultOfReturn(asked, said),
            11 => Count(said, Association) + Count(said, Temporary) + Count(said, Prefixes) > 0 ? "addresses to one that wants none" : FaultOfSelection(asked, said),
            _ => FaultOfAssociations(asked, said) ?? FaultOfSelection(asked, said),
        };
    }

    // Success only if all are the guest's own, NotOnLink where one is not of the link; in between both may be said.
    private string? FaultOfConfirm(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said)
    {
        var status = StatusOf(said[4..]);
        if (CountAddresses(asked, own: null) == CountAddresses(asked, own: true)) return status == 0 ? null : "its own address denied";
        return status == NotOnLink ? null : "a foreign address confirmed";
    }

    private string? FaultOfReturn(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said)
    {
        if (StatusOf(said[4..]) != 0 || !Find(said, Status, out _)) return "no success";
        for (var at = 4; Next(asked, ref at, out var code, out var value);)
        {
            if (code is not (Association or Temporary or Prefixes)) continue;
            var own = code == Association && CountIn(value[12..], own: true) > 0;
            if (own || Repeats(asked, code, value)) continue;
            if (!FindAssociation(said, code, value, out var answered)) return "an association without word";
            if (StatusOf(answered[Math.Min(FixedLength(code), answered.Length)..]) != NoBinding || CountIn(answered[FixedLength(code)..], own: null) > 0) return "a binding that is none";
        }
        return null;
    }

    private string? FaultOfAssociations(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said)
    {
        var given = 0;
        for (var at = 4; Next(asked, ref at, out var code, out var value);)
        {
            if (code is not (Association or Temporary or Prefixes) || Repeats(asked, code, value)) continue;
            // What has no room may be left out; there is plenty for a few.
            if (!FindAssociation(said, code, value, out var answered))
            {
                if (asked.Length < 300) return "an association without word";
                continue;
            }
            var inside = answered[FixedLength(code)..];
            var status = StatusOf(inside);
            if (code == Prefixes && status != NoPrefix) return "a prefix";
            if (code == Temporary && status != NoAddresses) return "a temporary address";
            if (code != Association) continue;
            if (status is not (0 or NoAddresses or NotOnLink)) return $"status {status}";
            if (status != 0 && CountIn(inside, own: null) > 0) return "a status and addresses";
            if (status == NotOnLink && (asked[0] != 3 || AreOnLink(value[12..]))) return "not on the link, although it is";
            if (asked[0] == 3 && status == 0 && !AreOnLink(value[12..])) return "an address of another link accepted";
            if (status == 0) given++;
            if (status == 0 && FaultOfGrant(asked[0], value, answered) is { } fault) return fault;
        }
        // One client, one set of addresses: one of its associations has it.
        return given > 1 ? "the same addresses twice" : null;
    }

    private string? FaultOfGrant(byte type, ReadOnlySpan<byte> asked, ReadOnlySpan<byte> answered)
    {
        uint renew = Long(answered, 4), rebind = Long(answered, 8);
        if (renew == 0 || renew > rebind) return "T1 and T2";
        var own = 0;
        for (var at = 12; Next(answered, ref at, out var code, out var value);)
        {
            if (code != Address) continue;
            uint preferred = Long(value, 16), valid = Long(value, 20);
            if (preferred > valid) return "preferred longer than valid";
            if (Same(value, 0, leased))
            {
                own++;
                if (valid == 0 || rebind > preferred) return "an address that ends before it is renewed";
            }
            // What is not its own is only ever ended, and only for one who had it.
            else if (valid != 0 || type is not (5 or 6) || !Names(asked, value[..16])) return "an address that is not the guest's";
        }
        return own == 1 ? null : "not the guest's address";
    }

    // Nothing but what was asked for and what belongs to the answer itself.
    private static string? FaultOfSelection(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> said)
    {
        if (!Find(asked, Request, out var list)) return null;
        for (var at = 4; Next(said, ref at, out var code, out _);)
        {
            if (code is ClientId or ServerId or Association or Temporary or Prefixes or Status or RapidCommit or 7 or 39) continue;
            var wanted = false;
            for (var i = 0; i + 1 < list.Length; i += 2) wanted |= Word(list, i) == code;
            if (!wanted) return $"option {code}, unasked";
        }
        return null;
    }

    private bool AreOnLink(ReadOnlySpan<byte> options)
    {
        for (var at = 0; Next(options, ref at, out var code, out var value);)
            if (code == Address && !Same(value, 0, prefix)) return false;
        return true;
    }

    private static bool Names(ReadOnlySpan<byte> association, ReadOnlySpan<byte> address)
    {
        for (var at = 12; Next(association, ref at, out var code, out var value);)
            if (code == Address && Same(value, 0, address)) return true;
        return false;
    }

    private int CountAddresses(ReadOnlySpan<byte> message, bool? own)
    {
        var count = 0;
        for (var at = 4; Next(message, ref at, out var code, out var value);)
            if (code is Association or Temporary) count += CountIn(value[FixedLength(code)..], own);
        return count;
    }

    private int CountIn(ReadOnlySpan<byte> options, bool? own)
    {
        var count = 0;
        for (var at = 0; Next(options, ref at, out var code, out var value);)
            if (code == Address && (own is null || Same(value, 0, leased) == own)) count++;
        return count;
    }

    private static int Count(ReadOnlySpan<byte> message, int wanted)
    {
        var count = 0;
        for (var at = 4; Next(message, ref at, out var code, out _);)
            if (code == wanted) count++;
        return count;
    }

    private static bool Repeats(ReadOnlySpan<byte> message, int wanted, ReadOnlySpan<byte> association)
    {
        var same = 0;
        for (var at = 4; Next(message, ref at, out var code, out var value);)
            if (code == wanted && value[..4].SequenceEqual(association[..4])) same++;
        return same > 1;
    }

    private static bool FindAssociation(ReadOnlySpan<byte> message, int wanted, ReadOnlySpan<byte> association, out ReadOnlySpan<byte> found)
    {
        for (var at = 4; Next(message, ref at, out var code, out found);)
            if (code == wanted && found[..4].SequenceEqual(association[..4])) return true;
        found = default;
        return false;
    }

    private static bool Find(ReadOnlySpan<byte> message, int wanted, out ReadOnlySpan<byte> found)
    {
        for (var at = 4; Next(message, ref at, out var code, out found);)
            if (code == wanted) return true;
        found = default;
        return false;
    }

    private static int StatusOf(ReadOnlySpan<byte> options)
    {
        for (var at = 0; Next(options, ref at, out var code, out var value);)
            if (code == Status) return Word(value, 0);
        return 0;
    }

    private static int FixedLength(int code) => code == Temporary ? 4 : 12;

    private static bool Next(ReadOnlySpan<byte> options, scoped ref int at, out int code, out ReadOnlySpan<byte> value)
    {
        code = 0;
        value = default;
        if (at + 4 > options.Length || at + 4 + Word(options, at + 2) > options.Length) return false;
        code = Word(options, at);
        value = options.Slice(at + 4, Word(options, at + 2));
        at += 4 + value.Length;
        return true;
    }

    /// <summary>Whether there is but one way to read it: every option whole, of the length it must have, and once where it must be.</summary>
    private static bool IsClean(ReadOnlySpan<byte> message)
    {
        if (message.Length < 4) return false;
        var at = 4;
        var seen = 0UL;
        while (Next(message, ref at, out var code, out var value))
        {
            if (!IsWhole(code, value)) return false;
            if (code is not (ClientId or ServerId or Request or RapidCommit or Status or 39)) continue;
            if ((seen & (1UL << code)) != 0) return false;
            seen |= 1UL << code;
        }
        return at == message.Length;
    }

    private static bool IsWhole(int code, ReadOnlySpan<byte> value)
    {
        switch (code)
        {
            case ClientId or ServerId: return value.Length is >= 3 and <= 130;
            case Request: return value.Length % 2 == 0;
            case RapidCommit: return value.IsEmpty;
            case Status: return value.Length >= 2;
            case 7: return value.Length == 1;
            case 8: return value.Length == 2;
            case 23 or 31: return value.Length % 16 == 0;
            case 39: return value.Length > 0;
            case Association or Prefixes: return value.Length >= 12 && IsNestedWhole(value[12..]);
            case Temporary: return value.Length >= 4 && IsNestedWhole(value[4..]);
            case Address: return value.Length >= 24 && IsNestedWhole(value[24..]);
            default: return true;
        }
    }

    private static bool IsNestedWhole(ReadOnlySpan<byte> options)
    {
        var at = 0;
        while (Next(options, ref at, out var code, out var value))
            if (code is Address or Status && !IsWhole(code, value)) return false;
        return at == options.Length;
    }
}
