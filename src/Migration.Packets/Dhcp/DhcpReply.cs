namespace Migration.Packets.Dhcp;

/// <summary>An answer and how to address it.</summary>
public sealed record DhcpReply(DhcpPacket Packet, DhcpOutcome Outcome, DhcpDelivery Delivery)
{
    public Ipv4Address Destination => Delivery switch
    {
        DhcpDelivery.ToOfferedAddress => Packet.YourAddress,
        DhcpDelivery.ToClientAddress => Packet.ClientAddress,
        DhcpDelivery.ToRelay => Packet.RelayAddress,
        _ => Ipv4Address.Broadcast,
    };
}
