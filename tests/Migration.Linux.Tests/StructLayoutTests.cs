using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Migration.Linux.Tests;

/// <summary>
/// Sizes and offsets as the C compiler has them on x86-64 and arm64. From:
/// <c>printf '#include &lt;…&gt;\nint main(){printf("%zu %zu\\n", sizeof(struct msghdr), offsetof(struct msghdr, msg_control));}' | cc -xc - &amp;&amp; ./a.out</c>
/// </summary>
public sealed class StructLayoutTests
{
    [Fact]
    public void Structs_have_the_kernels_sizes()
    {
        Assert.Equal(8, Unsafe.SizeOf<PollDescriptor>());
        Assert.Equal(56, Unsafe.SizeOf<MessageHeader>());
        Assert.Equal(16, Unsafe.SizeOf<BufferVector>());
        Assert.Equal(16, Unsafe.SizeOf<ControlHeader>());
        Assert.Equal(12, Unsafe.SizeOf<PeerCredentials>());
        Assert.Equal(8, Unsafe.SizeOf<PacketFilter.Instruction>());
        Assert.Equal(16, Unsafe.SizeOf<PacketSocket.FilterProgram>());
        Assert.Equal(20, Unsafe.SizeOf<PacketSocket.SocketAddress>());
        Assert.Equal(16, Unsafe.SizeOf<PacketSocket.Membership>());
        Assert.Equal(20, Unsafe.SizeOf<PacketSocket.AuxiliaryData>());
        Assert.Equal(40, Unsafe.SizeOf<Tap.InterfaceRequest>());
        Assert.Equal(256, Unsafe.SizeOf<NetworkNamespace.Status>());
    }

    [Theory]
    [InlineData(typeof(PollDescriptor), "Returned", 6)]
    [InlineData(typeof(MessageHeader), "Vectors", 16)]
    [InlineData(typeof(MessageHeader), "Control", 32)]
    [InlineData(typeof(MessageHeader), "Flags", 48)]
    [InlineData(typeof(ControlHeader), "Level", 8)]
    [InlineData(typeof(PacketSocket.FilterProgram), "Instructions", 8)]
    [InlineData(typeof(PacketSocket.SocketAddress), "InterfaceIndex", 4)]
    [InlineData(typeof(PacketSocket.SocketAddress), "PacketType", 10)]
    [InlineData(typeof(PacketSocket.SocketAddress), "Hardware", 12)]
    [InlineData(typeof(PacketSocket.Membership), "Address", 8)]
    [InlineData(typeof(PacketSocket.AuxiliaryData), "VlanTci", 16)]
    [InlineData(typeof(Tap.InterfaceRequest), "Flags", 16)]
    [InlineData(typeof(NetworkNamespace.Status), "Inode", 32)]
    public void Members_stand_where_the_kernel_reads_them(Type type, string member, int offset) =>
        Assert.Equal(offset, Marshal.OffsetOf(type, member).ToInt32());
}
