using System.Net.NetworkInformation;

namespace Migration.Packets.Tests;

public sealed class MacAddressTests
{
    [Theory]
    [InlineData("02:00:0a:f4:01:05", "02:00:0a:f4:01:05")]
    [InlineData("02-00-0A-F4-01-05", "02:00:0a:f4:01:05")]
    [InlineData("FF:ff:ff:FF:ff:ff", "ff:ff:ff:ff:ff:ff")]
    public void Both_separators_and_cases_are_read_and_one_is_written(string text, string expected) =>
        Assert.Equal(expected, MacAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("02:00:0a:f4:01")]
    [InlineData("02:00:0a:f4:01:05:06")]
    [InlineData("02:00-0a:f4:01:05")]
    [InlineData("02.00.0a.f4.01.05")]
    [InlineData("0g:00:0a:f4:01:05")]
    [InlineData("+2:00:0a:f4:01:05")]
    [InlineData(" 2:00:0a:f4:01:05")]
    public void Anything_else_is_refused_by_name(string text)
    {
        Assert.False(MacAddress.TryParse(text, out _));
        Assert.Contains($"'{text}'", Assert.Throws<FormatException>(() => MacAddress.Parse(text)).Message);
    }

    [Fact]
    public void Bytes_come_back_as_they_went_in()
    {
        byte[] bytes = [0x02, 0x6d, 0x69, 0x67, 0x72, 0x01];
        var written = new byte[6];

        MacAddress.Read(bytes).Write(written);

        Assert.Equal(bytes, written);
        Assert.Equal(MacAddress.Read(bytes), MacAddress.From(new PhysicalAddress(bytes)));
        Assert.Equal(new PhysicalAddress(bytes), MacAddress.Read(bytes).ToPhysicalAddress());
    }

    [Fact]
    public void The_two_low_bits_of_the_first_byte_tell_groups_and_local_addresses()
    {
        Assert.True(MacAddress.Broadcast.IsMulticast);
        Assert.True(MacAddress.Parse("01:00:5e:00:00:01").IsMulticast);
        Assert.False(MacAddress.Parse("02:00:00:00:00:00").IsMulticast);
        Assert.True(MacAddress.Parse("02:00:00:00:00:00").IsLocal);
        Assert.False(MacAddress.Parse("00:1b:21:00:00:00").IsLocal);
    }

    [Fact]
    public void A_physical_address_of_another_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => MacAddress.From(new PhysicalAddress(new byte[8])));
}
