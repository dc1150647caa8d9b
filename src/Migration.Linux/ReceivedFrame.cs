namespace Migration.Linux;

/// <summary>What is known about a frame besides its bytes.</summary>
/// <param name="Length">Bytes in the buffer, the virtio-net header included.</param>
/// <param name="OriginalLength">Bytes the frame had; more than <paramref name="Length"/> if the buffer was too small.</param>
/// <param name="Type">Whom it was for, and whether it was leaving.</param>
/// <param name="Protocol">EtherType.</param>
/// <param name="InterfaceIndex">Where it was seen.</param>
/// <param name="VlanTag">The 802.1Q tag of the frame, if the kernel had taken it out: TPID in the upper half, TCI in the lower. It is back in the bytes.</param>
public readonly record struct ReceivedFrame(int Length, int OriginalLength, PacketType Type, ushort Protocol, int InterfaceIndex, uint? VlanTag);
