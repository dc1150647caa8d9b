namespace Migration.Linux;

/// <summary>PACKET_* of linux/if_packet.h: whom the frame was for.</summary>
public enum PacketType : byte
{
    Host = 0,
    Broadcast = 1,
    Multicast = 2,
    OtherHost = 3,
    Outgoing = 4,
}
