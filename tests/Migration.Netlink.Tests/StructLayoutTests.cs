using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Migration.Netlink.Protocol;

namespace Migration.Netlink.Tests;

/// <summary>
/// Sizes and offsets as the C compiler has them: <c>printf("%zu %zu\n", sizeof(struct tcmsg), offsetof(struct tcmsg, tcm_info))</c> with
/// linux/rtnetlink.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h, linux/gen_stats.h, linux/netfilter/nfnetlink.h.
/// </summary>
public sealed class StructLayoutTests
{
    [Fact]
    public void Structs_have_the_kernels_sizes()
    {
        Assert.Equal(16, Unsafe.SizeOf<NetlinkHeader>());
        Assert.Equal(12, Unsafe.SizeOf<NetlinkSocket.SocketAddress>());
        Assert.Equal(16, Unsafe.SizeOf<LinkMessage.Body>());
        Assert.Equal(8, Unsafe.SizeOf<AddressMessage.Body>());
        Assert.Equal(12, Unsafe.SizeOf<RouteMessage.Body>());
        Assert.Equal(8, Unsafe.SizeOf<RouteMessage.Hop>());
        Assert.Equal(12, Unsafe.SizeOf<NeighbourMessage.Body>());
        Assert.Equal(20, Unsafe.SizeOf<TrafficMessage.Body>());
        Assert.Equal(16 + 16, Unsafe.SizeOf<TrafficMessage.Selector>());
        Assert.Equal(4, Unsafe.SizeOf<ActionAttributes.Body>());
        Assert.Equal(28, Unsafe.SizeOf<ActionAttributes.Parameters>());
        Assert.Equal(12, Unsafe.SizeOf<ActionAttributes.BasicCounters>());
        Assert.Equal(20, Unsafe.SizeOf<ActionAttributes.QueueCounters>());
        Assert.Equal(64, Unsafe.SizeOf<LinkCounters>());
        Assert.Equal(4, Unsafe.SizeOf<FilterMessage.Body>());
    }

    [Theory]
    [InlineData(typeof(NetlinkHeader), "Sequence", 8)]
    [InlineData(typeof(LinkMessage.Body), "Index", 4)]
    [InlineData(typeof(LinkMessage.Body), "Change", 12)]
    [InlineData(typeof(AddressMessage.Body), "Index", 4)]
    [InlineData(typeof(RouteMessage.Body), "Table", 4)]
    [InlineData(typeof(RouteMessage.Body), "Flags", 8)]
    [InlineData(typeof(RouteMessage.Hop), "WeightLessOne", 3)]
    [InlineData(typeof(RouteMessage.Hop), "InterfaceIndex", 4)]
    [InlineData(typeof(NeighbourMessage.Body), "Index", 4)]
    [InlineData(typeof(NeighbourMessage.Body), "State", 8)]
    [InlineData(typeof(NeighbourMessage.Body), "Type", 11)]
    [InlineData(typeof(TrafficMessage.Body), "Index", 4)]
    [InlineData(typeof(TrafficMessage.Body), "Info", 16)]
    [InlineData(typeof(TrafficMessage.Selector), "KeyCount", 2)]
    [InlineData(typeof(TrafficMessage.Selector), "HashMask", 12)]
    [InlineData(typeof(TrafficMessage.Selector), "KeyMask", 16)]
    [InlineData(typeof(ActionAttributes.Parameters), "Kind", 20)]
    [InlineData(typeof(ActionAttributes.Parameters), "TargetIndex", 24)]
    [InlineData(typeof(ActionAttributes.BasicCounters), "Packets", 8)]
    public void Members_stand_where_the_kernel_reads_them(Type type, string member, int offset) =>
        Assert.Equal(offset, Marshal.OffsetOf(type, member).ToInt32());
}
