namespace Migration.Packets.Tests;

public sealed class EthernetFrameTests
{
    private static readonly MacAddress Guest = MacAddress.Parse("02:00:0a:f4:01:05");

    [Fact]
    public void An_untagged_frame_is_read()
    {
        var bytes = Convert.FromHexString("ffffffffffff" + "02000af40105" + "0806" + "aabb");

        Assert.True(EthernetFrame.TryParse(bytes, out var frame, out _));
        Assert.Equal(MacAddress.Broadcast, frame.Destination);
        Assert.Equal(Guest, frame.Source);
        Assert.Equal(EtherType.Arp, frame.Type);
        Assert.Equal(0, frame.VlanId);
        Assert.Equal([0xaa, 0xbb], frame.Payload.ToArray());
    }

    [Theory]
    [InlineData("8100" + "6064", 1, 100)] // 802.1Q, priority 3, VLAN 100
    [InlineData("8100" + "6000", 1, 0)] // priority tag: no VLAN
    [InlineData("88a8" + "0007" + "8100" + "0064", 2, 7)] // 802.1ad: the outer tag is the network's
    public void Tags_are_looked_through(string tags, int count, int vlan)
    {
        var bytes = Convert.FromHexString("ffffffffffff" + "02000af40105" + tags + "0800" + "aabb");

        Assert.True(EthernetFrame.TryParse(bytes, out var frame, out _));
        Assert.Equal(count, frame.TagCount);
        Assert.Equal(vlan, frame.VlanId);
        Assert.Equal(EtherType.Ipv4, frame.Type);
        Assert.Equal([0xaa, 0xbb], frame.Payload.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("ffffffffffff02000af4010508")]
    [InlineData("ffffffffffff02000af4010581000064")] // a tag, and no type behind it
    public void A_header_cut_short_is_refused(string hex)
    {
        Assert.False(EthernetFrame.TryParse(Convert.FromHexString(hex), out _, out var reason));
        Assert.Equal("Ethernet header cut short", reason);
    }

    [Theory]
    [InlineData(0, 14)]
    [InlineData(4094, 18)]
    public void A_header_is_written_as_it_is_read(int vlan, int length)
    {
        var bytes = new byte[64];

        Assert.Equal(length, EthernetFrame.WriteHeader(bytes, MacAddress.Broadcast, Guest, EtherType.Ipv6, vlan));
        Assert.True(EthernetFrame.TryParse(bytes, out var frame, out _));
        Assert.Equal((MacAddress.Broadcast, Guest, EtherType.Ipv6, vlan), (frame.Destination, frame.Source, frame.Type, frame.VlanId));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4095)]
    public void A_vlan_that_cannot_be_is_refused(int vlan) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => EthernetFrame.WriteHeader(new byte[64], Guest, Guest, EtherType.Ipv4, vlan));

    [Fact]
    public void Padding_is_zero_and_only_for_short_frames()
    {
        var bytes = Enumerable.Repeat((byte)0xee, 80).ToArray();

        Assert.Equal(60, EthernetFrame.Pad(bytes, 42));
        Assert.All(bytes[42..60], b => Assert.Equal(0, b));
        Assert.All(bytes[60..], b => Assert.Equal(0xee, b));
        Assert.Equal(61, EthernetFrame.Pad(bytes, 61));
    }
}
