using System.Buffers.Binary;
using System.Collections;
using System.Net;
using System.Text;

namespace Migration.Packets.Dhcp;

/// <summary>The options of a message in their order, each code once. Values were checked on the way in, so the typed views cannot fail.</summary>
public sealed class DhcpOptions : IReadOnlyList<DhcpOption>
{
    private readonly DhcpOption[] _options;

    private DhcpOptions(DhcpOption[] options) => _options = options;

    public static DhcpOptions Empty { get; } = new([]);

    public int Count => _options.Length;

    public DhcpOption this[int index] => _options[index];

    /// <summary>Null where the option is absent.</summary>
    public DhcpMessageType? MessageType => Find(DhcpOptionCode.MessageType) is { } value ? (DhcpMessageType)value.Span[0] : null;

    public static DhcpOptions Of(params IEnumerable<DhcpOption> options) =>
        TryCreate(options, out var created, out var reason) ? created : throw new ArgumentException(reason, nameof(options));

    public static bool TryCreate(IEnumerable<DhcpOption> options, out DhcpOptions created, out string? reason)
    {
        var list = options.ToArray();
        created = Empty;
        reason = null;
        var seen = new HashSet<DhcpOptionCode>();
        foreach (var (code, value) in list)
        {
            reason = code is DhcpOptionCode.Pad or DhcpOptionCode.End or DhcpOptionCode.Overload ? $"option {(byte)code} belongs to the message's form"
                : !seen.Add(code) ? $"option {(byte)code} is there twice"
                : DhcpWire.FaultOf(code, value.Span);
            if (reason is not null) return false;
        }
        created = new DhcpOptions(list);
        return true;
    }

    /// <summary>The value's bytes, or null where the option is absent.</summary>
    public ReadOnlyMemory<byte>? Find(DhcpOptionCode code)
    {
        foreach (var option in _options)
            if (option.Code == code) return option.Value;
        return null;
    }

    public bool Contains(DhcpOptionCode code) => Find(code) is not null;

    /// <summary>One or more addresses; empty where the option is absent.</summary>
    public IReadOnlyList<IPAddress> Addresses(DhcpOptionCode code)
    {
        var found = new List<IPAddress>();
        if (Find(code) is not { } value) return found;
        for (var at = 0; at + Ipv4Address.Length <= value.Length; at += Ipv4Address.Length) found.Add(Ipv4Address.Read(value.Span[at..]).ToIPAddress());
        return found;
    }

    /// <summary>Options 51, 58 and 59.</summary>
    public TimeSpan? Duration(DhcpOptionCode code) =>
        Find(code) is { Length: 4 } value ? TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32BigEndian(value.Span)) : null;

    /// <summary>Options 26 and 57.</summary>
    public int? Number(DhcpOptionCode code) => Find(code) is { Length: 2 } value ? BinaryPrimitives.ReadUInt16BigEndian(value.Span) : null;

    /// <summary>Text, without the zero byte that some senders add.</summary>
    public string? Text(DhcpOptionCode code) => Find(code) is { } value ? Encoding.UTF8.GetString(value.Span).TrimEnd('\0') : null;

    /// <summary>Option 121 or 249.</summary>
    public IReadOnlyList<DhcpRoute> Routes(DhcpOptionCode code = DhcpOptionCode.ClasslessRoutes) =>
        Find(code) is { } value ? ClasslessRoutes.Parse(value.Span) : [];

    /// <summary>Option 119.</summary>
    public IReadOnlyList<string> SearchDomains()
    {
        var domains = new List<string>();
        if (Find(DhcpOptionCode.DomainSearch) is { } value) SearchList.TryParse(value.Span, domains);
        return domains;
    }

    public IEnumerator<DhcpOption> GetEnumerator() => ((IEnumerable<DhcpOption>)_options).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _options.GetEnumerator();
}
