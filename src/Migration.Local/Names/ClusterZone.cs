using System.Net;
using Migration.Kubernetes;
using Migration.Local.Services;

namespace Migration.Local.Names;

/// <summary>
/// The names of a cluster (Kubernetes' DNS-based service discovery 1.1): services, the endpoints of headless ones, ports as SRV, pods by their address, and the way back
/// from an address. A pure function of the objects.
/// </summary>
public sealed class ClusterZone(IReadOnlyList<Service> services, IReadOnlyList<EndpointSlice> slices, string domain)
{
    private readonly Dictionary<ObjectKey, Service> _services = services.ToDictionary(service => service.Key);
    private readonly ILookup<ObjectKey, EndpointSlice> _slices =
        slices.ToLookup(slice => new ObjectKey(slice.Metadata.Namespace ?? "", slice.Metadata.Label(ServiceEndpoints.ServiceLabel) ?? ""));

    public DnsAnswer Answer(DnsQuestion question)
    {
        var name = question.Name;
        if (name == domain)
            return new DnsAnswer(DnsOutcome.Found, []);
        if (name.EndsWith(".in-addr.arpa", StringComparison.Ordinal) || name.EndsWith(".ip6.arpa", StringComparison.Ordinal))
            return Backwards(question);
        if (!name.EndsWith("." + domain, StringComparison.Ordinal))
            return DnsAnswer.Refused;
        var labels = name[..^(domain.Length + 1)].Split('.');
        var records = labels switch
        {
            [var service, var space, "svc"] => OfService(name, service, space),
            [['_', .. var port], ['_', .. var protocol], var service, var space, "svc"] => OfPort(name, port, protocol, service, space),
            [var host, var service, var space, "svc"] => OfHost(name, host, service, space),
            [var dashed, _, "pod"] => OfPod(name, dashed),
            // Names that others are below exist, and have nothing.
            ["svc"] or ["pod"] => [],
            [_, "svc"] or [_, "pod"] => [],
            _ => null,
        };
        return records is null ? DnsAnswer.NoSuchName : new DnsAnswer(DnsOutcome.Found, [.. records.Where(record => IsAsked(record, question.Type))]);
    }

    private static bool IsAsked(DnsRecord record, DnsType type) => record.Type == type || type == DnsType.Any || record.Type == DnsType.CanonicalName;

    private string NameOf(Service service) => $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{domain}";

    private IEnumerable<DnsRecord>? OfService(string name, string service, string space)
    {
        if (Find(service, space) is not { } found)
            return null;
        if (found.Spec?.Type == "ExternalName")
            return [new DnsRecord.Alias(name, found.Spec.ExternalName?.TrimEnd('.') ?? "")];
        return AddressesOf(found).Select(address => new DnsRecord.Address(name, address));
    }

    private IEnumerable<DnsRecord>? OfHost(string name, string host, string service, string space)
    {
        var records = Find(service, space) is { } found && IsHeadless(found)
            ? Hosts(found).Where(entry => entry.Host == host).Select(entry => new DnsRecord.Address(name, entry.Address)).ToList()
            : [];
        return records.Count > 0 ? records : null;
    }

    private IEnumerable<DnsRecord>? OfPort(string name, string port, string protocol, string service, string space)
    {
        if (Find(service, space) is not { } found)
            return null;
        var wanted = (found.Spec?.Ports ?? []).FirstOrDefault(candidate => candidate.Name == port && string.Equals(candidate.Protocol ?? "TCP", protocol, StringComparison.OrdinalIgnoreCase));
        if (wanted is null)
            return null;
        if (!IsHeadless(found))
            return [new DnsRecord.Service(name, (ushort)wanted.Port!.Value, NameOf(found))];
        return Ready(found).SelectMany(entry => (entry.Slice.Ports ?? []).Where(candidate => candidate.Name == port && candidate.Port is not null)
            .Select(candidate => new DnsRecord.Service(name, (ushort)candidate.Port!.Value, $"{HostOf(entry.Endpoint)}.{NameOf(found)}")));
    }

    /// <summary><c>10-244-1-7</c>, or an IPv6 address with dashes for its colons.</summary>
    private static IEnumerable<DnsRecord>? OfPod(string name, string dashed)
    {
        var text = dashed.Count(character => character == '-') == 3 && !dashed.Contains("--", StringComparison.Ordinal) ? dashed.Replace('-', '.') : dashed.Replace('-', ':');
        return IPAddress.TryParse(text, out var address) ? [new DnsRecord.Address(name, address)] : null;
    }

    private DnsAnswer Backwards(DnsQuestion question)
    {
        if (AddressIn(question.Name) is not { } address)
            return DnsAnswer.NoSuchName;
        var targets = _services.Values.Where(service => !IsHeadless(service) && AddressesOf(service).Contains(address)).Select(NameOf)
            .Concat(_services.Values.Where(IsHeadless).SelectMany(service => Hosts(service).Where(entry => entry.Address.Equals(address)).Select(entry => $"{entry.Host}.{NameOf(service)}")));
        var records = targets.Order(StringComparer.Ordinal).Select(target => new DnsRecord.Pointer(question.Name, target)).ToList();
        // Addresses that are not the cluster's may have a name elsewhere.
        return records.Count > 0 ? new DnsAnswer(DnsOutcome.Found, [.. records.Where(record => IsAsked(record, question.Type))]) : DnsAnswer.Refused;
    }

    private static IPAddress? AddressIn(string name)
    {
        var labels = name.Split('.');
        if (labels is [.. var numbers, "in-addr", "arpa"])
            return numbers.Length == 4 && IPAddress.TryParse(string.Join('.', numbers.Reverse()), out var address) ? address : null;
        var nibbles = string.Concat(labels[..^2].Reverse());
        return nibbles.Length == 32 && nibbles.All(char.IsAsciiHexDigit) ? new IPAddress(Convert.FromHexString(nibbles)) : null;
    }

    private Service? Find(string service, string space) => _services.GetValueOrDefault(new ObjectKey(space, service));

    private static bool IsHeadless(Service service) => service.Spec?.ClusterIp == "None";

    private IEnumerable<IPAddress> AddressesOf(Service service) => IsHeadless(service)
        ? Hosts(service).Select(entry => entry.Address).Distinct()
        : (service.Spec?.ClusterIps ?? []).Select(IPAddress.Parse);

    private IEnumerable<(string Host, IPAddress Address)> Hosts(Service service) =>
        Ready(service).SelectMany(entry => (entry.Endpoint.Addresses ?? []).Select(address => (HostOf(entry.Endpoint), IPAddress.Parse(address))));

    private IEnumerable<(EndpointSlice Slice, Endpoint Endpoint)> Ready(Service service) =>
        _slices[service.Key].SelectMany(slice => (slice.Endpoints ?? []).Where(endpoint => endpoint.Conditions?.Ready != false).Select(endpoint => (slice, endpoint)));

    /// <summary>Its host name, or its address with dashes.</summary>
    private static string HostOf(Endpoint endpoint) => endpoint.Hostname is { Length: > 0 } host ? host : endpoint.Addresses![0].Replace('.', '-').Replace(':', '-');
}
