namespace Migration.Packets.Dhcp;

/// <summary>Where a reply goes (RFC 2131 §4.1).</summary>
public enum DhcpDelivery
{
    /// <summary>To 255.255.255.255 and the broadcast MAC.</summary>
    Broadcast,

    /// <summary>To yiaddr and the client's MAC, which cannot be asked for by ARP yet.</summary>
    ToOfferedAddress,

    /// <summary>To ciaddr, which the client uses already.</summary>
    ToClientAddress,

    /// <summary>To giaddr, the server's port.</summary>
    ToRelay,
}
