using System.Net;
using System.Net.Sockets;

namespace Migration.Node.Networks;

/// <summary>How a pod resolves names, as far as a guest can be told: resolv.conf(5) without its options.</summary>
internal sealed record ResolverConfiguration(IReadOnlyList<string> NameServers, IReadOnlyList<string> SearchDomains)
{
    // What KubeVirt's guests get from a pod that names no server and no domain at all.
    private const string FallbackServer = "8.8.8.8", FallbackDomain = "cluster.local";
    private const int LongestLabel = 63, LongestName = 253;

    /// <summary>The longest search domain: the namespace's own, in a cluster. For guests that take only one.</summary>
    public string Domain => SearchDomains.MaxBy(domain => domain.Length) ?? "";

    public static ResolverConfiguration Parse(string text)
    {
        List<string> servers = [], domains = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var server, ..] && ToServer(server) is { } address && !servers.Contains(address))
                servers.Add(address);
            // The last of these lines counts (resolv.conf(5)).
            if (words is ["search" or "domain", ..])
                domains = [.. words[1..].Select(ToDomain).OfType<string>().Distinct()];
        }

        return new(servers.Count > 0 ? servers : [FallbackServer], domains.Count > 0 ? domains : [FallbackDomain]);
    }

    /// <summary>The lease with what it does not say yet. What a guest brought along from another node stays as it was told.</summary>
    public GuestLease Complete(GuestLease lease) => lease with
    {
        NameServers = lease.NameServers.Count > 0 ? lease.NameServers : NameServers,
        SearchDomains = lease.SearchDomains.Count > 0 ? lease.SearchDomains : SearchDomains,
        Domain = lease.Domain.Length > 0 ? lease.Domain : lease.SearchDomains.MaxBy(domain => domain.Length) ?? Domain,
    };

    // A server on the pod's own loopback, or on a link that only the pod is on, is nothing to a guest.
    private static string? ToServer(string word) =>
        IPAddress.TryParse(word, out var address) && !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal
        && (address.AddressFamily is AddressFamily.InterNetworkV6 || word.Count(c => c == '.') == 3)
            ? address.ToString()
            : null;

    private static string? ToDomain(string word)
    {
        var name = word.Trim('.').ToLowerInvariant();
        var isDomain = name.Length is > 0 and <= LongestName
            && name.Split('.').All(label => label.Length is > 0 and <= LongestLabel && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
        return isDomain ? name : null;
    }
}
