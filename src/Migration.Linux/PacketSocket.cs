using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>Whole Ethernet frames of one interface, in and out (packet(7)). Receives nothing before its filter is in place.</summary>
public sealed unsafe class PacketSocket : IDisposable
{
    /// <summary>ETH_P_ALL.</summary>
    public const ushort AllProtocols = 0x0003;

    /// <summary>Size of the header that <see cref="PacketOptions.VirtioNetHeader"/> puts before each frame.</summary>
    public const int VirtioNetHeaderSize = 10;

    private const int PACKET_ADD_MEMBERSHIP = 1, PACKET_AUXDATA = 8, PACKET_VNET_HDR = 15, PACKET_QDISC_BYPASS = 20, PACKET_IGNORE_OUTGOING = 23;
    private const ushort PACKET_MR_PROMISC = 1;

    private readonly KernelSocket _socket;
    private readonly bool _hasVirtioNetHeader;

    private PacketSocket(KernelSocket socket, int interfaceIndex, bool hasVirtioNetHeader)
    {
        _socket = socket;
        _hasVirtioNetHeader = hasVirtioNetHeader;
        InterfaceIndex = interfaceIndex;
    }

    public int InterfaceIndex { get; }

    /// <summary>For a <see cref="Poller"/>.</summary>
    public FileDescriptor Descriptor => _socket.Descriptor;

    public static PacketSocket Open(NetworkNamespace space, int interfaceIndex, PacketOptions options)
    {
        // Protocol 0 receives nothing: everything is in place before bind names the real one.
        var socket = KernelSocket.Open(space, LibC.AF_PACKET, LibC.SOCK_RAW, protocol: 0);
        try
        {
            if (options.Filter is { } filter)
                Attach(socket, filter);
            Configure(socket, interfaceIndex, options);
            Bind(socket, interfaceIndex, options.Protocol);
            return new PacketSocket(socket, interfaceIndex, options.VirtioNetHeader);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a frame; false when time is up.</summary>
    public bool Wait(TimeSpan timeout) =>
        PollDescriptor.Wait(_socket.Descriptor, PollDescriptor.In, timeout == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Ceiling(timeout.TotalMilliseconds));

    /// <summary>
    /// Takes the next frame if there is one; never blocks. A frame longer than the buffer is cut, which shows in its lengths. A VLAN tag, which
    /// the kernel keeps beside the frame, is put back where it was on the wire.
    /// </summary>
    public bool TryReceive(Span<byte> buffer, out ReceivedFrame frame)
    {
        SocketAddress address;
        var control = stackalloc byte[ControlHeader.Space(sizeof(AuxiliaryData))];
        fixed (byte* start = buffer)
        {
            var vector = new BufferVector { Base = start, Length = (nuint)buffer.Length };
            var header = new MessageHeader
            {
                Name = &address,
                NameLength = (uint)sizeof(SocketAddress),
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = (nuint)ControlHeader.Space(sizeof(AuxiliaryData)),
            };
            if (!_socket.TryReceive(ref header, LibC.MSG_DONTWAIT | LibC.MSG_TRUNC, out var length, out var errno))
            {
                frame = default;
                // The interface going down or away is reported once; whoever watches links knows already.
                return errno is Errno.EAGAIN or Errno.ENETDOWN ? false : throw new LinuxException($"receive frame on interface {InterfaceIndex}", errno);
            }

            var tag = ReadVlanTag(control, (int)header.ControlLength);
            if (tag is { } removed)
                length = RestoreVlanTag(buffer, length, removed);
            frame = new ReceivedFrame(
                Math.Min(length, buffer.Length),
                length,
                (PacketType)address.PacketType,
                BinaryPrimitives.ReverseEndianness(address.Protocol),
                address.InterfaceIndex,
                tag);
            return true;
        }
    }

    /// <summary>Sends a frame; false if the interface's queue is full (ENOBUFS, EAGAIN). The caller knows whether to try again.</summary>
    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        if (_socket.TrySend(frame, LibC.MSG_DONTWAIT, out var errno))
            return true;
        return errno is Errno.ENOBUFS or Errno.EAGAIN ? false : throw new LinuxException($"send frame on interface {InterfaceIndex}", errno);
    }

    public void Dispose() => _socket.Dispose();

    private static void Attach(KernelSocket socket, PacketFilter filter)
    {
        fixed (PacketFilter.Instruction* instructions = filter.Program)
        {
            var program = new FilterProgram { Length = (ushort)filter.Program.Length, Instructions = instructions };
            socket.SetOption(LibC.SOL_SOCKET, LibC.SO_ATTACH_FILTER, new ReadOnlySpan<byte>(&program, sizeof(FilterProgram)));
        }
    }

    private static void Configure(KernelSocket socket, int interfaceIndex, PacketOptions options)
    {
        socket.SetOption(LibC.SOL_PACKET, PACKET_AUXDATA, 1);
        if (options.VirtioNetHeader)
            socket.SetOption(LibC.SOL_PACKET, PACKET_VNET_HDR, 1);
        if (options.BypassTrafficControl)
            socket.SetOption(LibC.SOL_PACKET, PACKET_QDISC_BYPASS, 1);
        if (options.IgnoreOutgoing)
            socket.SetOption(LibC.SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
        if (options.ReceiveBufferBytes is { } bytes)
            socket.SetReceiveBuffer(bytes);
        if (options.Promiscuous)
        {
            var membership = new Membership { InterfaceIndex = interfaceIndex, Type = PACKET_MR_PROMISC };
            socket.SetOption(LibC.SOL_PACKET, PACKET_ADD_MEMBERSHIP, new ReadOnlySpan<byte>(&membership, sizeof(Membership)));
        }
    }

    private static void Bind(KernelSocket socket, int interfaceIndex, ushort protocol)
    {
        var address = new SocketAddress
        {
            Family = LibC.AF_PACKET,
            Protocol = BinaryPrimitives.ReverseEndianness(protocol),
            InterfaceIndex = interfaceIndex,
        };
        socket.Bind(new ReadOnlySpan<byte>(&address, sizeof(SocketAddress)));
    }

    private int RestoreVlanTag(Span<byte> buffer, int length, uint tag)
    {
        const int Addresses = 12, TagSize = 4;
        var start = (_hasVirtioNetHeader ? VirtioNetHeaderSize : 0) + Addresses;
        if (length < start || buffer.Length < start + TagSize)
            return length + TagSize;

        var rest = buffer[start..Math.Min(length, buffer.Length - TagSize)];
        rest.CopyTo(buffer[(start + TagSize)..]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[start..], tag);
        if (_hasVirtioNetHeader)
            MoveOffsets(buffer, TagSize);
        return length + TagSize;
    }

    /// <summary>The virtio-net header counts from the start of the frame: where the headers end, where the checksum begins.</summary>
    private static void MoveOffsets(Span<byte> header, ushort by)
    {
        const int HeaderLength = 2, ChecksumStart = 6;
        const byte NeedsChecksum = 1;
        if (header[0] != NeedsChecksum)
            return;
        foreach (var offset in (ReadOnlySpan<int>)[HeaderLength, ChecksumStart])
            BinaryPrimitives.WriteUInt16LittleEndian(header[offset..], (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(header[offset..]) + by));
    }

    private static uint? ReadVlanTag(byte* control, int length)
    {
        const uint TP_STATUS_VLAN_VALID = 0x10, TP_STATUS_VLAN_TPID_VALID = 0x40;
        if (length < ControlHeader.Size + sizeof(AuxiliaryData))
            return null;
        var auxiliary = *(AuxiliaryData*)(control + ControlHeader.Size);
        if ((auxiliary.Status & TP_STATUS_VLAN_VALID) == 0)
            return null;
        var tpid = (auxiliary.Status & TP_STATUS_VLAN_TPID_VALID) != 0 ? auxiliary.VlanTpid : (ushort)0x8100;
        return (uint)tpid << 16 | auxiliary.VlanTci;
    }

    /// <summary><c>struct sockaddr_ll</c>; the protocol is big-endian.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SocketAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int InterfaceIndex;
        public ushort HardwareType;
        public byte PacketType;
        public byte HardwareLength;
        public fixed byte Hardware[8];
    }

    /// <summary><c>struct packet_mreq</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Membership
    {
        public int InterfaceIndex;
        public ushort Type;
        public ushort Length;
        public fixed byte Address[8];
    }

    /// <summary><c>struct tpacket_auxdata</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct AuxiliaryData
    {
        public uint Status;
        public uint Length;
        public uint Captured;
        public ushort Mac;
        public ushort Network;
        public ushort VlanTci;
        public ushort VlanTpid;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FilterProgram
    {
        public ushort Length;
        public PacketFilter.Instruction* Instructions;
    }
}
