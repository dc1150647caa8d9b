namespace Migration.Netlink;

/// <summary>Where in a packet an offset counts from (NFT_PAYLOAD_*).</summary>
public enum PayloadBase : uint
{
    Link,
    Network,
    Transport,
}
