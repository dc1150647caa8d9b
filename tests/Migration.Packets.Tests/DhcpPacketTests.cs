using System.Net;
using System.Text;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Tests;

public sealed class DhcpPacketTests
{
    [Fact]
    public void A_message_of_dhclient_is_read()
    {
        Assert.True(DhcpPacket.TryParse(RealClients.Dhclient.AsSpan(42), out var packet, out var reason), reason);
        Assert.False(packet!.IsReply);
        Assert.Equal(0xde949457u, packet.TransactionId);
        Assert.Equal(MacAddress.Parse("02:00:0a:f4:01:05"), packet.ClientMac);
        Assert.Equal(DhcpMessageType.Discover, packet.Options.MessageType);
        Assert.Equal("vm", packet.Options.Text(DhcpOptionCode.HostName));
        Assert.Equal([53, 12, 55], packet.Options.Select(o => (int)o.Code));
    }

    [Fact]
    public void Messages_of_real_clients_are_written_as_they_were_read()
    {
        foreach (var frame in new[] { RealClients.Dhclient, RealClients.Udhcpc, RealClients.Networkd })
        {
            var message = frame.AsSpan(42);
            Assert.True(DhcpPacket.TryParse(message, out var packet, out _));

            // Both sides without their padding.
            Assert.Equal(
                Convert.ToHexString(message.TrimEnd((byte)0)), Convert.ToHexString(packet!.ToArray().AsSpan().TrimEnd((byte)0)));
        }
    }

    [Fact]
    public void A_short_message_is_padded_to_the_length_of_bootp() =>
        Assert.Equal(300, Message(new DhcpOption(DhcpOptionCode.MessageType, new byte[] { 1 })).ToArray().Length);

    [Theory]
    [InlineData(255, 1)]
    [InlineData(256, 2)]
    [InlineData(510, 2)]
    [InlineData(511, 3)]
    [InlineData(1000, 4)]
    public void A_long_option_is_split_and_joined(int length, int fragments)
    {
        var value = new byte[length];
        new Random(length).NextBytes(value);
        var bytes = Message(new DhcpOption((DhcpOptionCode)224, value), new DhcpOption((DhcpOptionCode)225, new byte[] { 9 })).ToArray();

        Assert.Equal(240 + length + 2 * fragments + 3 + 1, bytes.Length);
        Assert.Equal(Math.Min(length, 255), bytes[241]);
        Assert.True(DhcpPacket.TryParse(bytes, out var packet, out _));
        Assert.Equal(value, packet!.Options.Find((DhcpOptionCode)224)!.Value.ToArray());
        Assert.Equal([9], packet.Options.Find((DhcpOptionCode)225)!.Value.ToArray());
    }

    [Fact]
    public void Fragments_apart_are_joined_in_their_order()
    {
        var bytes = Raw("350101" + "e00161" + "370103" + "e00162" + "00" + "e00163" + "ff");

        Assert.True(DhcpPacket.TryParse(bytes, out var packet, out _));
        Assert.Equal("abc", packet!.Options.Text((DhcpOptionCode)224));
        Assert.Equal([53, 224, 55], packet.Options.Select(o => (int)o.Code));
    }

    [Fact]
    public void Options_in_the_file_and_server_name_fields_follow_those_in_their_own()
    {
        var bytes = Raw("350101" + "340103" + "e00161" + "ff");
        Convert.FromHexString("e00162" + "0c026869" + "ff").CopyTo(bytes, 108);
        Convert.FromHexString("e00163" + "ff").CopyTo(bytes, 44);

        Assert.True(DhcpPacket.TryParse(bytes, out var packet, out var reason), reason);
        Assert.Equal("abc", packet!.Options.Text((DhcpOptionCode)224));
        Assert.Equal("hi", packet.Options.Text(DhcpOptionCode.HostName));
        Assert.True(packet.BootFile.IsEmpty);
        Assert.True(packet.ServerName.IsEmpty);
        Assert.False(packet.Options.Contains(DhcpOptionCode.Overload));
    }

    [Fact]
    public void Fields_that_hold_no_options_hold_text()
    {
        var bytes = Raw("350101" + "340102" + "ff");
        "pxelinux.0"u8.CopyTo(bytes.AsSpan(108));
        bytes[44] = 0xff;

        Assert.True(DhcpPacket.TryParse(bytes, out var packet, out _));
        Assert.Equal("pxelinux.0", Encoding.ASCII.GetString(packet!.BootFile.Span));
    }

    [Fact]
    public void A_field_without_end_is_ended_by_its_length()
    {
        Assert.True(DhcpPacket.TryParse(Raw("350101").AsSpan(0, 243), out var packet, out _));
        Assert.Equal(DhcpMessageType.Discover, packet!.Options.MessageType);
    }

    [Theory]
    [InlineData("3501", "option cut short")]
    [InlineData("35010137ff", "option cut short")]
    [InlineData("350109ff", "option 53")]
    [InlineData("350100ff", "option 53")]
    [InlineData("35020101ff", "option 53")]
    [InlineData("350103" + "32030a0000ff", "option 50")]
    [InlineData("350103" + "36050a00000000ff", "option 54")]
    [InlineData("350103" + "390100ff", "option 57")]
    [InlineData("350101" + "500101ff", "option 80")]
    [InlineData("350101" + "3d00ff", "option 61")]
    [InlineData("350101" + "340104ff", "option 52")]
    [InlineData("350101" + "340100ff", "option 52")]
    [InlineData("350102" + "03030a0000ff", "option 3")]
    [InlineData("350102" + "7906210a0000000000ff", "option 121")] // a prefix of 33 bits
    [InlineData("350102" + "7904180a0000ff", "option 121")] // no gateway
    [InlineData("350102" + "770203616200ff", "option 119")] // a label longer than what is there
    [InlineData("350102" + "7702c000ff", "option 119")] // a pointer to itself
    [InlineData("350102" + "77020161ff", "option 119")] // no end of the name
    public void A_malformed_option_is_an_error_and_not_absent(string options, string reason)
    {
        var bytes = Raw(options);
        Assert.False(DhcpPacket.TryParse(bytes.AsSpan(0, 240 + options.Length / 2), out _, out var found));
        Assert.Contains(reason, found);
    }

    [Theory]
    [InlineData(0, 3, "operation")]
    [InlineData(1, 6, "hardware")]
    [InlineData(2, 16, "hardware")]
    [InlineData(236, 0, "cookie")]
    public void A_malformed_header_is_an_error(int at, byte value, string reason)
    {
        var bytes = Raw("350101ff");
        bytes[at] = value;

        Assert.False(DhcpPacket.TryParse(bytes, out _, out var found));
        Assert.Contains(reason, found);
    }

    [Fact]
    public void A_message_cut_short_is_an_error()
    {
        Assert.False(DhcpPacket.TryParse(Raw("350101ff").AsSpan(0, 239), out _, out var reason));
        Assert.Equal("message cut short", reason);
    }

    [Fact]
    public void Options_that_cannot_be_are_refused_when_made()
    {
        Assert.Throws<ArgumentException>(() => DhcpOptions.Of(new DhcpOption(DhcpOptionCode.End, default)));
        Assert.Throws<ArgumentException>(() => DhcpOptions.Of(new DhcpOption(DhcpOptionCode.RequestedAddress, new byte[3])));
        Assert.Throws<ArgumentException>(() => DhcpOptions.Of(
            new DhcpOption(DhcpOptionCode.HostName, "a"u8.ToArray()), new DhcpOption(DhcpOptionCode.HostName, "b"u8.ToArray())));
    }

    [Fact]
    public void Writing_into_too_little_room_is_refused() =>
        Assert.Throws<ArgumentException>(() => Message(new DhcpOption((DhcpOptionCode)224, new byte[300])).Write(new byte[400]));

    [Fact]
    public void Routes_are_read_with_and_without_gateway()
    {
        // RFC 3442: only a prefix's significant bytes are sent; bits beyond the prefix are dropped.
        var packet = Parse("791d" + "180a11020a000001" + "20a9fe010100000000" + "0c0a1f0a000001" + "000a000001");

        Assert.Equal(
            [
                new DhcpRoute(IPNetwork.Parse("10.17.2.0/24"), IPAddress.Parse("10.0.0.1")),
                new DhcpRoute(IPNetwork.Parse("169.254.1.1/32"), null),
                new DhcpRoute(IPNetwork.Parse("10.16.0.0/12"), IPAddress.Parse("10.0.0.1")),
                new DhcpRoute(IPNetwork.Parse("0.0.0.0/0"), IPAddress.Parse("10.0.0.1")),
            ], packet.Options.Routes());
    }

    [Fact]
    public void Names_in_a_search_list_may_point_back()
    {
        // RFC 3397 §3's example: eng.apple.com, marketing.apple.com
        var packet = Parse("77" + "1b" + "03656e67056170706c6503636f6d00" + "096d61726b6574696e67c004");

        Assert.Equal(["eng.apple.com", "marketing.apple.com"], packet.Options.SearchDomains());
    }

    private static DhcpPacket Message(params DhcpOption[] options) =>
        new() { ClientMac = MacAddress.Parse("02:00:0a:f4:01:05"), Options = DhcpOptions.Of(options) };

    private static DhcpPacket Parse(string options)
    {
        Assert.True(DhcpPacket.TryParse(Raw("350102" + options + "ff"), out var packet, out var reason), reason);
        return packet!;
    }

    private static byte[] Raw(string options)
    {
        var bytes = new byte[600];
        bytes[0] = bytes[1] = 1;
        bytes[2] = 6;
        Convert.FromHexString("63825363" + options).CopyTo(bytes, 236);
        return bytes;
    }
}
