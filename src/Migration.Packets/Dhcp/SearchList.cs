using System.Text;

namespace Migration.Packets.Dhcp;

/// <summary>Option 119 (RFC 3397): domain names in DNS form, each able to end in a pointer to an earlier one (RFC 1035 §4.1.4).</summary>
internal static class SearchList
{
    private const int MaximumLabel = 63, MaximumName = 255, PointerMask = 0xc0, PointerReach = 0x3fff;

    /// <summary>The names, compressed, and where each of them ends: a pointer only points back, so the list can be cut at any of these.</summary>
    public static (byte[] Bytes, int[] Ends) Write(IEnumerable<string> domains)
    {
        var bytes = new List<byte>();
        var ends = new List<int>();
        var suffixes = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var domain in domains)
        {
            Append(Checked(domain), bytes, suffixes);
            ends.Add(bytes.Count);
        }
        return ([.. bytes], [.. ends]);
    }

    /// <summary>What of a resolver's list is a name to be searched: not the root, which some write as a single dot.</summary>
    public static IEnumerable<string> Usable(IEnumerable<string> domains) => domains.Where(IsName);

    /// <summary>As many names as fit into that many bytes, none of them compressed: DHCPv6 and router advertisements want them so.</summary>
    public static byte[] WritePlain(IEnumerable<string> domains, int room)
    {
        var bytes = new List<byte>();
        foreach (var domain in domains)
        {
            var before = bytes.Count;
            Append(Checked(domain), bytes, suffixes: null);
            if (bytes.Count <= room) continue;
            bytes.RemoveRange(before, bytes.Count - before);
            break;
        }
        return [.. bytes];
    }

    /// <summary>Reads every name into <paramref name="domains"/>, or only checks them when it is null.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, List<string>? domains)
    {
        if (value.IsEmpty) return false;
        var at = 0;
        while (at < value.Length)
        {
            var name = domains is null ? null : new StringBuilder();
            at = ReadName(value, at, name);
            if (at < 0) return false;
            if (name is not null) domains!.Add(name.ToString());
        }
        return true;
    }

    /// <summary>A name without its final dot; refuses what DNS cannot carry.</summary>
    public static string Checked(string domain) =>
        IsName(domain) ? domain.TrimEnd('.') : throw new ArgumentException($"'{domain}' is not a domain name", nameof(domain));

    private static bool IsName(string domain)
    {
        var name = domain.TrimEnd('.');
        return name.Length is > 0 and <= MaximumName - 2 && Ascii.IsValid(name) && name.Split('.').All(l => l.Length is > 0 and <= MaximumLabel);
    }

    private static void Append(string name, List<byte> bytes, Dictionary<string, int>? suffixes)
    {
        while (name.Length > 0)
        {
            if (suffixes is not null && suffixes.TryGetValue(name, out var earlier))
            {
                bytes.Add((byte)(PointerMask | (earlier >> 8)));
                bytes.Add((byte)earlier);
                return;
            }
            if (bytes.Count <= PointerReach) suffixes?.Add(name, bytes.Count);
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            var label = dot < 0 ? name : name[..dot];
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
            name = dot < 0 ? "" : name[(dot + 1)..];
        }
        bytes.Add(0);
    }

    // Returns where the next name begins, or -1. A pointer may only point back, so that every chain of them ends.
    private static int ReadName(ReadOnlySpan<byte> value, int at, StringBuilder? name)
    {
        var next = -1;
        var earliest = at;
        var length = 1;
        while (at < value.Length)
        {
            int head = value[at];
            if (head == 0) return length == 1 ? -1 : next < 0 ? at + 1 : next;
            if ((head & PointerMask) == PointerMask)
            {
                if (at + 1 >= value.Length) return -1;
                if (next < 0) next = at + 2;
                at = ((head & ~PointerMask) << 8) | value[at + 1];
                if (at >= earliest) return -1;
                earliest = at;
                continue;
            }
            length += 1 + head;
            if (head > MaximumLabel || length > MaximumName || at + 1 + head > value.Length) return -1;
            if (name is { Length: > 0 }) name.Append('.');
            name?.Append(Encoding.Latin1.GetString(value.Slice(at + 1, head)));
            at += 1 + head;
        }
        return -1;
    }
}
