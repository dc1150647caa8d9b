namespace Migration.Linux;

/// <summary>How a <see cref="PacketSocket"/> listens.</summary>
public sealed record PacketOptions
{
    /// <summary>EtherType to receive; ETH_P_ALL (3) also sees frames that leave, and those that tc redirects before the stack.</summary>
    public ushort Protocol { get; init; } = PacketSocket.AllProtocols;

    public PacketFilter? Filter { get; init; }

    /// <summary>
    /// Each frame, received or sent, is preceded by a 10-byte virtio-net header (PACKET_VNET_HDR). Needed for replaying frames: they may be
    /// large segments with unfinished checksums, and only this header says so.
    /// </summary>
    public bool VirtioNetHeader { get; init; }

    /// <summary>Does not show frames that leave through the interface.</summary>
    public bool IgnoreOutgoing { get; init; }

    /// <summary>Also receives frames for other MAC addresses, where the device would filter them.</summary>
    public bool Promiscuous { get; init; }

    /// <summary>What is sent goes to the device at once, past queues and tc's egress filters (PACKET_QDISC_BYPASS).</summary>
    public bool BypassTrafficControl { get; init; }

    /// <summary>Receive buffer, when the system's default is too small for bursts.</summary>
    public int? ReceiveBufferBytes { get; init; }
}
