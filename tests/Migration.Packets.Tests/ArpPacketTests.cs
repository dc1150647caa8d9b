namespace Migration.Packets.Tests;

public sealed class ArpPacketTests
{
    private static readonly MacAddress Guest = MacAddress.Parse("02:00:0a:f4:01:05"), Server = MacAddress.Parse("02:6d:69:67:72:01");

    // ping 10.244.1.1 over veth, tcpdump -xx at the other end: the kernel's question and its answer, without the Ethernet header.
    private const string Reply = "0001080006040002" + "026d696772010af40101" + "02000af401050af40105";

    private const string Request = "0001" + "0800" + "06" + "04" + "0001" + "02000af40105" + "0af40105" + "000000000000" + "0af40101";

    [Fact]
    public void A_request_is_read_and_answered()
    {
        Assert.True(ArpPacket.TryParse(Convert.FromHexString(Request), out var request, out _));
        Assert.Equal(new ArpPacket(ArpOperation.Request, Guest, Ipv4Address.Parse("10.244.1.5"), default, Ipv4Address.Parse("10.244.1.1")), request);

        Assert.Equal(
            new ArpPacket(ArpOperation.Reply, Server, Ipv4Address.Parse("10.244.1.1"), Guest, Ipv4Address.Parse("10.244.1.5")),
            request.Answer(Server));
        var written = new byte[ArpPacket.Length];
        request.Answer(Server).Write(written);
        Assert.Equal(Reply, Convert.ToHexStringLower(written));
    }

    [Fact]
    public void A_packet_is_written_as_it_is_read()
    {
        Assert.True(ArpPacket.TryParse(Convert.FromHexString(Request), out var request, out _));
        var written = new byte[ArpPacket.Length];

        Assert.Equal(28, request.Write(written));
        Assert.Equal(Request, Convert.ToHexStringLower(written));
    }

    [Fact]
    public void A_probe_and_a_gratuitous_request_are_told_apart()
    {
        var address = Ipv4Address.Parse("10.244.1.5");

        Assert.True(new ArpPacket(ArpOperation.Request, Guest, default, default, address).IsProbe);
        Assert.False(new ArpPacket(ArpOperation.Request, Guest, default, default, address).IsGratuitous);
        Assert.True(new ArpPacket(ArpOperation.Request, Guest, address, default, address).IsGratuitous);
    }

    [Theory]
    [InlineData("", "cut short")]
    [InlineData("0006" + "0800" + "06" + "04" + "0001" + "02000af40105" + "0af40105" + "000000000000" + "0af40101", "hardware type")]
    [InlineData("0001" + "86dd" + "06" + "04" + "0001" + "02000af40105" + "0af40105" + "000000000000" + "0af40101", "protocol")]
    [InlineData("0001" + "0800" + "08" + "04" + "0001" + "02000af40105" + "0af40105" + "000000000000" + "0af40101", "lengths")]
    [InlineData("0001" + "0800" + "06" + "04" + "0009" + "02000af40105" + "0af40105" + "000000000000" + "0af40101", "operation")]
    public void A_broken_packet_is_refused_with_its_reason(string hex, string reason)
    {
        Assert.False(ArpPacket.TryParse(Convert.FromHexString(hex), out _, out var found));
        Assert.Contains(reason, found);
    }
}
