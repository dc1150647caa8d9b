using System.Net;

namespace Migration.Packets.Tests;

public sealed class AnnouncementTests
{
    private static readonly MacAddress Guest = MacAddress.Parse("02:00:0a:f4:01:05");
    private static readonly Ipv4Address Address = Ipv4Address.Parse("10.244.1.5");

    // busybox arping -U and -A send the same but for the target's MAC, which RFC 5227 says nobody reads; QEMU's announce_self the same RARP.
    [Fact]
    public void Gratuitous_request_has_sender_and_target_alike()
    {
        var frame = new byte[Announcement.MaximumLength];

        var length = Announcement.WriteGratuitousRequest(frame, Guest, Address);

        Assert.Equal(60, length);
        Assert.Equal(
            "ffffffffffff02000af401050806" + "0001080006040001" + "02000af401050af40105" + "0000000000000af40105",
            Convert.ToHexStringLower(frame[..42]));
    }

    [Fact]
    public void Gratuitous_reply_goes_to_everybody()
    {
        var frame = new byte[Announcement.MaximumLength];

        Announcement.WriteGratuitousReply(frame, Guest, Address);

        Assert.Equal(
            "ffffffffffff02000af401050806" + "0001080006040002" + "02000af401050af40105" + "ffffffffffff0af40105",
            Convert.ToHexStringLower(frame[..42]));
    }

    [Fact]
    public void Reverse_request_is_what_qemu_sends()
    {
        var frame = new byte[Announcement.MaximumLength];

        var length = Announcement.WriteReverseRequest(frame, Guest);

        Assert.Equal(60, length);
        Assert.Equal(
            "ffffffffffff02000af401058035" + "0001080006040003" + "02000af4010500000000" + "02000af4010500000000" + new string('0', 36),
            Convert.ToHexStringLower(frame[..60]));
    }

    [Fact]
    public void Announcements_are_tagged_for_a_vlan()
    {
        var frame = new byte[Announcement.MaximumLength];

        Announcement.WriteGratuitousRequest(frame, Guest, Address, vlanId: 100);

        Assert.True(EthernetFrame.TryParse(frame, out var read, out _));
        Assert.Equal((100, EtherType.Arp), (read.VlanId, read.Type));
        Assert.True(ArpPacket.TryParse(read.Payload, out var arp, out _));
        Assert.True(arp.IsGratuitous);
    }

    [Fact]
    public void Neighbour_advertisement_overrides_and_carries_a_right_checksum()
    {
        var frame = new byte[Announcement.MaximumLength];

        var length = Announcement.WriteNeighbourAdvertisement(frame, Guest, IPAddress.Parse("fd00::5"));

        Assert.Equal(14 + 40 + 32, length);
        Assert.Equal("333300000001" + "02000af40105" + "86dd", Convert.ToHexStringLower(frame[..14]));
        var icmp = frame[54..length];
        Assert.Equal((136, 0x20), (icmp[0], icmp[4]));
        Assert.Equal("0201" + "02000af40105", Convert.ToHexStringLower(icmp[24..]));
        Assert.Equal(0xffff, InternetChecksum.Fold(InternetChecksum.Sum(frame.AsSpan(22, 32)) + 32 + 58 + InternetChecksum.Sum(icmp)));
        Assert.Throws<ArgumentException>(() => Announcement.WriteNeighbourAdvertisement(frame, Guest, IPAddress.Loopback));
    }
}
