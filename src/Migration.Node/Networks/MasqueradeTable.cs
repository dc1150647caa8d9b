using System.Net;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// The nf_tables table of one family through which a masqueraded guest is reached and reaches others: KubeVirt's chains and rules, each with a
/// counter. It is a table of our own for each NIC. KubeVirt writes into <c>ip nat</c>, which is also iptables' (a service mesh's init
/// container puts its rules there): replacing it would take those along, and a chain of ours in it makes iptables refuse the table. Tables of
/// several owners may hook in at the same place; so ours comes and goes as a whole and everybody else's stays.
/// </summary>
internal sealed record MasqueradeTable(TableName Name, IReadOnlyList<FilterChain> Chains, IReadOnlyList<FilterRule> Rules)
{
    private const string Prefix = "migration-";
    private const string Preinbound = "KUBEVIRT_PREINBOUND", Postinbound = "KUBEVIRT_POSTINBOUND";
    private const int DestinationNat = -100, SourceNat = 100;
    private const byte Udp = 17;
    private const ushort DhcpServerPort = 67, Dhcpv6ServerPort = 547;
    private static readonly FilterExpression Count = new FilterExpression.Counter();

    public static MasqueradeTable For(PodNicNames names, MasqueradeNetwork network, IReadOnlyList<GuestPort> ports)
    {
        var table = NameFor(names, network.IsIpv4 ? FilterFamily.Ipv4 : FilterFamily.Ipv6);
        var rules = new List<FilterRule>();
        void Add(string chain, params IEnumerable<FilterExpression> expressions) => rules.Add(new FilterRule(table, chain, [.. expressions]));

        var loopback = network.IsIpv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        Add("prerouting", [.. Conditions.InputIs(names.Nic), Count, FilterExpression.Jump(Preinbound)]);
        foreach (var port in Matches(ports))
            Add("output", [.. Conditions.DestinationIs(loopback), .. port, Count, .. Translation.DestinationTo(network.Guest)]);
        Add("postrouting", [.. Conditions.SourceIs(network.Guest), Count, new FilterExpression.Masquerade()]);
        Add("postrouting", [.. Conditions.OutputIs(names.Bridge), Count, FilterExpression.Jump(Postinbound)]);
        foreach (var port in Matches(ports))
            Add(Preinbound, [.. port, Count, .. Translation.DestinationTo(network.Guest)]);
        foreach (var port in Matches(ports))
            Add(Postinbound, [.. Conditions.SourceIs(loopback), .. port, Count, .. Translation.SourceTo(network.Gateway)]);

        // A neighbour that sends to the guest's inner address by way of the pod would get past the list of ports.
        if (ports.Count > 0)
            Add("forward", [.. Conditions.OutputIs(names.Bridge), .. Conditions.IsInOriginalDirection(), .. Conditions.DestinationIsNotTranslated(), Count, FilterExpression.Drop]);
        // The node answers these at the tap. The pod's stack, which sees them too, would say that there is no such service.
        var questions = network.IsIpv4 ? DhcpServerPort : Dhcpv6ServerPort;
        Add("served", [.. Conditions.InputIs(names.Bridge), .. Conditions.PortIs(Udp, questions, questions), Count, FilterExpression.Drop]);
        return new MasqueradeTable(table, [.. ChainsOf(table)], rules);
    }

    public static TableName NameFor(PodNicNames names, FilterFamily family) => new(family, Prefix + names.Nic);

    /// <summary>Whether a table is one of these, of whichever NIC.</summary>
    public static bool IsOne(TableName table) => table.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether exactly this is there, whatever it has counted.</summary>
    public bool IsIn(FilterClient filters)
    {
        if (!filters.GetChains(Name).ToHashSet().SetEquals(Chains))
            return false;
        var present = filters.GetRules(Name).ToLookup(rule => rule.Chain);
        return Chains.All(chain => IsSame([.. Rules.Where(rule => rule.Chain == chain.Name)], [.. present[chain.Name]]));
    }

    /// <summary>Puts it in the place of what is there.</summary>
    public void Replace(FilterTransaction transaction, string? comment)
    {
        transaction.ReplaceTable(new FilterTable(Name) { Comment = comment });
        foreach (var chain in Chains)
            transaction.AddChain(chain);
        foreach (var rule in Rules)
            transaction.AddRule(rule);
    }

    private static IEnumerable<FilterChain> ChainsOf(TableName table)
    {
        FilterChain Base(string name, ChainHook hook) => new(table, name) { Base = hook };

        yield return Base("prerouting", ChainHook.Nat(FilterHook.Prerouting, DestinationNat));
        yield return Base("input", ChainHook.Nat(FilterHook.Input, SourceNat));
        yield return Base("output", ChainHook.Nat(FilterHook.Output, DestinationNat));
        yield return Base("postrouting", ChainHook.Nat(FilterHook.Postrouting, SourceNat));
        yield return new FilterChain(table, Preinbound);
        yield return new FilterChain(table, Postinbound);
        yield return Base("forward", ChainHook.Filter(FilterHook.Forward));
        yield return Base("served", ChainHook.Filter(FilterHook.Input));
    }

    /// <summary>What each declared port matches; everything if none is declared.</summary>
    private static IEnumerable<IReadOnlyList<FilterExpression>> Matches(IReadOnlyList<GuestPort> ports) =>
        ports.Count == 0 ? [[]] : ports.Select(port => Conditions.PortIs(NumberOf(port.Protocol), port.First, port.Last));

    private static byte NumberOf(string protocol) => protocol switch
    {
        "tcp" => 6,
        "udp" => Udp,
        "sctp" => 132,
        _ => throw new ArgumentException($"{protocol} is no protocol with ports", nameof(protocol)),
    };

    private static bool IsSame(IReadOnlyList<FilterRule> wanted, IReadOnlyList<FilterRule> present) =>
        wanted.Count == present.Count && wanted.Zip(present).All(pair => pair.First.DoesTheSameAs(pair.Second));
}
