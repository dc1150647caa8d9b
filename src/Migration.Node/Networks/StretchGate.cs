using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// What the node lets in for its stretches: of each number only what comes from the other end. A VXLAN of the kernel takes frames from
/// whoever sends them. It is a table of the node's own network namespace, there while there are stretches.
/// </summary>
internal sealed class StretchGate
{
    private const string Name = "migration_stretches", Chain = "input";
    private const byte Udp = 17;

    // Before anything else has a say; fragments have been put together by then.
    private const int Priority = -300;

    // Behind the UDP header: flags, three reserved bytes, the number (RFC 7348 §5).
    private const uint NumberOffset = 8 + 4, NumberLength = 3;
    private static readonly FilterFamily[] Families = [FilterFamily.Ipv4, FilterFamily.Ipv6];
    private readonly Lock _gate = new(); // protects _admitted
    private HashSet<(uint Id, IPAddress Peer)>? _admitted;

    /// <summary>Lets in what belongs to these, and nothing else that is sent to the port of stretches.</summary>
    /// <exception cref="NetlinkException">The kernel has no nf_tables.</exception>
    public void Admit(IEnumerable<Stretch> ways)
    {
        var wanted = ways.Where(way => !way.IsLocal).Select(way => (way.Id, way.Peer)).ToHashSet();
        lock (_gate)
        {
            if (_admitted?.SetEquals(wanted) == true)
                return;
            using var space = NetworkNamespace.Current();
            using var filters = FilterClient.Open(space);
            filters.Commit(Changes(filters, wanted));
            _admitted = wanted;
        }
    }

    private static FilterTransaction Changes(FilterClient filters, HashSet<(uint Id, IPAddress Peer)> wanted)
    {
        var change = new FilterTransaction();
        var present = filters.GetTables().Select(table => table.Name).ToHashSet();
        foreach (var table in Families.Select(family => new TableName(family, Name)))
        {
            if (wanted.Count > 0)
                Write(change, table, wanted.Where(one => FamilyOf(one.Peer) == table.Family));
            else if (present.Contains(table))
                change.DeleteTable(table);
        }

        return change;
    }

    private static void Write(FilterTransaction change, TableName table, IEnumerable<(uint Id, IPAddress Peer)> wanted)
    {
        change.ReplaceTable(new FilterTable(table) { Comment = "what may come in by a stretch" });
        change.AddChain(new FilterChain(table, Chain) { Base = ChainHook.Filter(FilterHook.Input, Priority) });
        var toStretches = Conditions.PortIs(Udp, Stretch.Port, Stretch.Port);
        foreach (var (id, peer) in wanted.OrderBy(one => one.Id))
            change.AddRule(new FilterRule(table, Chain, [.. toStretches, .. NumberIs(id), .. Conditions.SourceIs(peer), FilterExpression.Accept]));
        change.AddRule(new FilterRule(table, Chain, [.. toStretches, new FilterExpression.Counter(), FilterExpression.Drop]));
    }

    private static IEnumerable<FilterExpression> NumberIs(uint id) =>
    [
        new FilterExpression.Payload(PayloadBase.Transport, NumberOffset, NumberLength, FilterRegister.R1),
        new FilterExpression.Compare(Comparison.Equal, FilterRegister.R1, new RegisterValue((byte)(id >> 16), (byte)(id >> 8), (byte)id)),
    ];

    private static FilterFamily FamilyOf(IPAddress address) => address.AddressFamily is AddressFamily.InterNetworkV6 ? FilterFamily.Ipv6 : FilterFamily.Ipv4;
}
