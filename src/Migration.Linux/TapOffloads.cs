namespace Migration.Linux;

/// <summary>TUN_F_* of linux/if_tun.h.</summary>
[Flags]
public enum TapOffloads
{
    None = 0,
    Checksum = 0x01,
    SegmentTcp4 = 0x02,
    SegmentTcp6 = 0x04,
    SegmentTcpEcn = 0x08,
    SegmentUdp4 = 0x20,
    SegmentUdp6 = 0x40,
}
