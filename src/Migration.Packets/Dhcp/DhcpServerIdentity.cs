using System.Globalization;

namespace Migration.Packets.Dhcp;

/// <summary>
/// Who answers the guest. A link-local address that no CNI hands out and a fixed MAC, the same on every node, so that a guest
/// that has moved finds the server it knew.
/// </summary>
public sealed record DhcpServerIdentity(Ipv4Address Address, MacAddress Mac)
{
    private static readonly MacAddress FixedMac = MacAddress.Parse("02:6d:69:67:72:01");

    /// <summary>Where DHCPv6 answers come from.</summary>
    public Ipv6Address LinkLocal => Ipv6Address.LinkLocalOf(Mac);

    /// <summary>KubeVirt's addresses: 169.254.75.1 with the index of the interface in the VMI's list appended (0 → 169.254.75.10).</summary>
    public static DhcpServerIdentity ForInterface(int index) =>
        index is >= 0 and < 100
            ? new(Ipv4Address.Parse(string.Create(CultureInfo.InvariantCulture, $"169.254.75.1{index}")), FixedMac)
            : throw new ArgumentOutOfRangeException(nameof(index), index, "a machine has interfaces 0 to 99");
}
