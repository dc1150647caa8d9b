namespace Migration.Packets.Ndp;

/// <summary>The ICMPv6 types of neighbour discovery (RFC 4861 §4).</summary>
public enum NeighbourMessageType : byte
{
    RouterSolicitation = 133,
    RouterAdvertisement = 134,
    NeighbourSolicitation = 135,
    NeighbourAdvertisement = 136,
    Redirect = 137,
}
