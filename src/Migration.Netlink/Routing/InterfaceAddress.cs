using System.Net;

namespace Migration.Netlink;

/// <summary>An address of an interface.</summary>
public sealed record InterfaceAddress
{
    public required int InterfaceIndex { get; init; }

    public required IPAddress Address { get; init; }

    public required byte PrefixLength { get; init; }

    /// <summary>The other end of a point-to-point link, if it is one.</summary>
    public IPAddress? Peer { get; init; }

    public IPAddress? Broadcast { get; init; }

    /// <summary>IPv4: a name of its own (IFA_LABEL); the interface's, as a rule. The kernel changes it with the interface's name.</summary>
    public string? Label { get; init; }

    public RouteScope Scope { get; init; }

    public AddressFlags Flags { get; init; }

    public override string ToString() => $"{Address}/{PrefixLength}";
}
