using System.Net;

namespace Migration.Packets.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData(0, "0.0.0.0")]
    [InlineData(1, "128.0.0.0")]
    [InlineData(24, "255.255.255.0")]
    [InlineData(31, "255.255.255.254")]
    [InlineData(32, "255.255.255.255")]
    public void A_prefix_length_makes_a_mask(int length, string mask) => Assert.Equal(mask, Ipv4Address.Mask(length).ToString());

    [Theory]
    [InlineData("10.244.1.5", "10.244.1.200", 24, true)]
    [InlineData("10.244.1.5", "10.244.2.5", 24, false)]
    [InlineData("10.244.1.5", "192.168.0.1", 0, true)]
    [InlineData("10.244.1.5", "10.244.1.4", 32, false)]
    public void Addresses_share_a_prefix_or_not(string one, string other, int length, bool shared) =>
        Assert.Equal(shared, Ipv4Address.Parse(one).SharesPrefix(Ipv4Address.Parse(other), length));

    [Fact]
    public void An_address_survives_the_way_through_IPAddress()
    {
        var address = IPAddress.Parse("192.0.2.129");

        Assert.Equal(address, Ipv4Address.From(address).ToIPAddress());
        Assert.Throws<ArgumentException>(() => Ipv4Address.From(IPAddress.IPv6Loopback));
    }

    [Theory]
    [InlineData("10.244.1.5/24")]
    [InlineData("10.244.1.5/32")]
    [InlineData("fd00:10:244::5/64")]
    public void An_interface_address_is_written_as_it_was_read(string text) => Assert.Equal(text, InterfaceAddress.Parse(text).ToString());

    [Theory]
    [InlineData("10.244.1.5")]
    [InlineData("10.244.1.5/33")]
    [InlineData("10.244.1.5/-1")]
    [InlineData("fd00::/129")]
    [InlineData("pod/24")]
    [InlineData("/24")]
    public void Anything_else_is_no_interface_address(string text)
    {
        Assert.False(InterfaceAddress.TryParse(text, out _));
        Assert.Throws<FormatException>(() => InterfaceAddress.Parse(text));
    }
}
