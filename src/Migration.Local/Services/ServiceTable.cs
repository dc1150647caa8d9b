using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Migration.Netlink;

namespace Migration.Local.Services;

/// <summary>
/// Services as an nf_tables table of one node and one family: <c>services</c> finds the port and jumps to its chain, where one rule per endpoint takes its share of new
/// connections; conntrack keeps a connection where it was begun. Connections whose answers would otherwise bypass this node are masqueraded.
/// </summary>
internal static class ServiceTable
{
    private const string Name = "migration-services", Services = "services", Refused = "refused";
    private const int NatPriority = -100, MasqueradePriority = 100, FilterPriority = 0;

    /// <param name="own">The node's own pods.</param>
    /// <param name="all">The pods of all nodes.</param>
    /// <param name="nodes">The addresses of all nodes: a node port is one on each of them, and is translated where the packet meets us first.</param>
    public static FilterTransaction Write(IReadOnlyList<BalancedPort> ports, AddressFamily family, IPNetwork own, IPNetwork all, IReadOnlyList<IPAddress> nodes)
    {
        var table = new TableName(family == AddressFamily.InterNetwork ? FilterFamily.Ipv4 : FilterFamily.Ipv6, Name);
        var change = new FilterTransaction().ReplaceTable(new FilterTable(table) { Comment = "services of the cluster" });
        change.AddChain(new FilterChain(table, Services)).AddChain(new FilterChain(table, Refused));
        foreach (var (chain, hook) in new[] { ("prerouting", FilterHook.Prerouting), ("output", FilterHook.Output) })
        {
            change.AddChain(new FilterChain(table, chain) { Base = ChainHook.Nat(hook, NatPriority) });
            change.AddRule(new FilterRule(table, chain, [FilterExpression.Jump(Services)]));
        }

        foreach (var (chain, hook) in new[] { ("forward", FilterHook.Forward), ("sent", FilterHook.Output), ("received", FilterHook.Input) })
        {
            change.AddChain(new FilterChain(table, chain) { Base = ChainHook.Filter(hook, FilterPriority) });
            change.AddRule(new FilterRule(table, chain, [FilterExpression.Jump(Refused)]));
        }

        AddMasquerade(change, table, own, all);
        foreach (var port in ports)
            AddPort(change, table, port, nodes);
        return change;
    }

    private static void AddMasquerade(FilterTransaction change, TableName table, IPNetwork own, IPNetwork all)
    {
        const string chain = "postrouting";
        change.AddChain(new FilterChain(table, chain) { Base = ChainHook.Nat(FilterHook.Postrouting, MasqueradePriority) });
        // Two pods of one node are neighbours: the answer would go straight back, from an address that the asker does not know.
        change.AddRule(new FilterRule(table, chain, [.. Conditions.DestinationIsTranslated(), .. Conditions.SourceIsIn(own), .. Conditions.DestinationIsIn(own), new FilterExpression.Masquerade()]));
        // Who is no pod came by a node port, and is to be answered by way of this node.
        change.AddRule(new FilterRule(table, chain, [.. Conditions.DestinationIsTranslated(), .. Conditions.SourceIsNotIn(all), new FilterExpression.Masquerade()]));
    }

    private static void AddPort(FilterTransaction change, TableName table, BalancedPort port, IReadOnlyList<IPAddress> nodes)
    {
        var ways = port.Addresses.Select(address => (Address: address, port.Port)).Concat(port.NodePort is { } nodePort ? nodes.Select(node => (Address: node, Port: nodePort)) : []);
        var chain = $"s-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(port.Name + port.Protocol)).AsSpan(0, 6))}";
        if (port.Endpoints.Count > 0)
        {
            change.AddChain(new FilterChain(table, chain));
            for (var i = 0; i < port.Endpoints.Count; i++)
                change.AddRule(new FilterRule(table, chain, [.. Share(port, i), .. Translation.DestinationTo(port.Endpoints[i].Address, (ushort)port.Endpoints[i].Port, (ushort)port.Endpoints[i].Port)]));
        }

        foreach (var (address, number) in ways)
        {
            IReadOnlyList<FilterExpression> match = [.. Conditions.DestinationIs(address), .. Conditions.PortIs(port.Protocol, number, number)];
            change.AddRule(port.Endpoints.Count > 0
                ? new FilterRule(table, Services, [.. match, FilterExpression.Jump(chain)]) { Comment = Shortened(port.Name) }
                : new FilterRule(table, Refused, [.. match, FilterExpression.RefuseAsUnreachable(table.Family)]) { Comment = Shortened($"{port.Name} has no endpoints") });
        }
    }

    /// <summary>The i-th of n takes 1/(n-i) of what those before it left, the last all: equal shares. Or a client's address decides.</summary>
    private static IEnumerable<FilterExpression> Share(BalancedPort port, int i)
    {
        var left = (uint)(port.Endpoints.Count - i);
        if (left == 1)
            return [];
        return port.KeepsClients
            ? Conditions.SourceHashIs(port.Addresses[0].AddressFamily, (uint)i, (uint)port.Endpoints.Count)
            : Conditions.OneIn(left);
    }

    private static string Shortened(string text) => text.Length < FilterTable.MaximumComment ? text : text[..(FilterTable.MaximumComment - 1)];
}
