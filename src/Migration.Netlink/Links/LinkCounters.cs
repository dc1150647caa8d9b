using System.Runtime.InteropServices;

namespace Migration.Netlink;

/// <summary>The beginning of <c>struct rtnl_link_stats64</c>. For a tap, "transmitted" is what its reader (QEMU) has taken.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct LinkCounters
{
    public ulong ReceivedPackets { get; init; }

    public ulong TransmittedPackets { get; init; }

    public ulong ReceivedBytes { get; init; }

    public ulong TransmittedBytes { get; init; }

    public ulong ReceiveErrors { get; init; }

    public ulong TransmitErrors { get; init; }

    public ulong ReceiveDropped { get; init; }

    public ulong TransmitDropped { get; init; }
}
