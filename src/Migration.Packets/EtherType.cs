namespace Migration.Packets;

/// <summary>What an Ethernet frame carries (IEEE 802 numbers).</summary>
public enum EtherType : ushort
{
    Ipv4 = 0x0800,
    Arp = 0x0806,
    ReverseArp = 0x8035,

    /// <summary>An 802.1Q tag follows.</summary>
    Vlan = 0x8100,
    Ipv6 = 0x86dd,

    /// <summary>An 802.1ad service tag follows.</summary>
    ServiceVlan = 0x88a8,
}
