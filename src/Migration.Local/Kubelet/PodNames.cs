using System.Text;
using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>A pod's /etc/resolv.conf and /etc/hosts.</summary>
internal static class PodNames
{
    /// <summary>Null if the pod resolves as its node does.</summary>
    public static string? Resolver(Pod pod, NameService names)
    {
        var policy = pod.Spec?.DnsPolicy ?? "ClusterFirst";
        if (policy == "Default" || names.Servers.Count == 0 || (policy == "ClusterFirst" && pod.Spec?.HostNetwork == true))
            return null;
        var config = pod.Spec?.DnsConfig;
        var ours = policy != "None";
        IEnumerable<string> servers = [.. ours ? names.Servers : [], .. config?.Nameservers ?? []];
        IEnumerable<string> domains = [.. ours ? [$"{pod.Metadata.Namespace}.svc.{names.Domain}", $"svc.{names.Domain}", names.Domain] : Array.Empty<string>(), .. config?.Searches ?? []];
        var options = (ours ? [("ndots", "5")] : Array.Empty<(string Name, string Value)>()).Where(option => config?.Options?.Any(own => own.Name == option.Name) != true)
            .Concat((config?.Options ?? []).Select(option => (option.Name ?? "", option.Value ?? ""))).ToList();
        var text = new StringBuilder();
        foreach (var server in servers.Distinct())
            text.Append("nameserver ").Append(server).Append('\n');
        if (domains.Any())
            text.Append("search ").AppendJoin(' ', domains.Distinct()).Append('\n');
        if (options.Count > 0)
            text.Append("options ").AppendJoin(' ', options.Select(option => option.Item2.Length > 0 ? $"{option.Item1}:{option.Item2}" : option.Item1)).Append('\n');
        return text.ToString();
    }

    public static string Hosts(Pod pod, NameService names, IReadOnlyList<string> addresses)
    {
        var text = new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        var host = pod.Spec?.Hostname ?? pod.Metadata.Name!;
        var full = pod.Spec?.Subdomain is { Length: > 0 } subdomain ? $"{host}.{subdomain}.{pod.Metadata.Namespace}.svc.{names.Domain}\t" : "";
        foreach (var address in addresses)
            text.Append(address).Append('\t').Append(full).Append(host).Append('\n');
        foreach (var alias in pod.Spec?.HostAliases ?? [])
            text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames ?? []).Append('\n');
        return text.ToString();
    }
}
