namespace Migration.Packets;

/// <summary>What an ARP (RFC 826) or RARP (RFC 903) packet says.</summary>
public enum ArpOperation : ushort
{
    Request = 1,
    Reply = 2,
    ReverseRequest = 3,
    ReverseReply = 4,
}
