namespace Migration.Packets.Dhcp6;

/// <summary>The value of option 13 (RFC 8415 §21.13).</summary>
public enum Dhcp6Status : ushort
{
    Success = 0,
    UnspecifiedFailure = 1,
    NoAddressesAvailable = 2,
    NoBinding = 3,
    NotOnLink = 4,
    UseMulticast = 5,
    NoPrefixAvailable = 6,
}
