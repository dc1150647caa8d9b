using System.Net;

namespace Migration.Local.Names;

/// <summary>A record of an answer; its name is in full, without the last dot.</summary>
public abstract record DnsRecord(string Name, DnsType Type)
{
    public sealed record Address(string Name, IPAddress Value)
        : DnsRecord(Name, Value.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? DnsType.A : DnsType.Ipv6);

    public sealed record Alias(string Name, string Target) : DnsRecord(Name, DnsType.CanonicalName);

    public sealed record Pointer(string Name, string Target) : DnsRecord(Name, DnsType.Pointer);

    public sealed record Service(string Name, ushort Port, string Target) : DnsRecord(Name, DnsType.Service);
}
