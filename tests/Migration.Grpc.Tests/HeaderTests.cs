using Grpc.Core;

namespace Migration.Grpc.Tests;

public sealed class HeaderTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("250m", 2_500_000)]
    [InlineData("7u", 70)]
    [InlineData("200n", 2)]
    [InlineData("1n", 1)]
    [InlineData("0S", 0)]
    [InlineData("99999999S", 999_999_990_000_000)]
    public void Timeouts_in_every_unit_are_read(string header, long ticks)
    {
        Assert.True(TimeoutHeader.TryDecode(header, out var left));
        Assert.Equal(ticks, left.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData(" 1S")]
    [InlineData("1 S")]
    [InlineData("1.5S")]
    [InlineData("123456789S")]
    [InlineData("99999999999999999999H")]
    [InlineData("٣S")]
    public void Malformed_timeouts_are_refused(string header) => Assert.False(TimeoutHeader.TryDecode(header, out _));

    [Theory]
    [InlineData(0, "0u")]
    [InlineData(-5, "0u")]
    [InlineData(1, "1u")]
    [InlineData(10_000_000, "1000000u")]
    [InlineData(999_999_990, "99999999u")]
    [InlineData(1_000_000_000, "100000m")]
    [InlineData(864_000_000_000_0, "864000000m")]
    public void Timeouts_are_written_in_the_finest_unit_that_fits(long ticks, string _)
    {
        var header = TimeoutHeader.Encode(new TimeSpan(ticks));
        Assert.InRange(header.Length, 2, 9);
        Assert.True(TimeoutHeader.TryDecode(header, out var read));
        Assert.InRange(read.Ticks, Math.Max(ticks, 0), Math.Max(ticks, 0) + ticks / 1000 + 10);
    }

    [Fact]
    public void The_longest_time_span_is_written_as_a_timeout_that_can_be_read()
    {
        Assert.True(TimeoutHeader.TryDecode(TimeoutHeader.Encode(TimeSpan.MaxValue), out var left));
        Assert.True(left > TimeSpan.FromDays(365));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("plain text, as it is!", "plain text, as it is!")]
    [InlineData("100%", "100%25")]
    [InlineData("\t\r\n", "%09%0D%0A")]
    [InlineData("é☺😈", "%C3%A9%E2%98%BA%F0%9F%98%88")]
    public void Messages_are_percent_encoded_and_come_back(string text, string header)
    {
        Assert.Equal(header, MessageHeader.Encode(text));
        Assert.Equal(text, MessageHeader.Decode(header));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%2", "%2")]
    [InlineData("%zz", "%zz")]
    [InlineData("a%4", "a%4")]
    [InlineData("%41%", "A%")]
    [InlineData("%e2%98%ba", "☺")]
    public void Broken_escapes_in_messages_stay_as_they_are(string header, string text) => Assert.Equal(text, MessageHeader.Decode(header));

    [Theory]
    [InlineData("q6ur", "ABABAB")]
    [InlineData("q6s", "ABAB")]
    [InlineData("q6s=", "ABAB")]
    [InlineData("qw", "AB")]
    [InlineData("qw==", "AB")]
    [InlineData("", "")]
    public void Binary_values_are_read_with_and_without_padding(string header, string hex)
    {
        Assert.True(BinaryHeader.TryDecode(header, out var bytes));
        Assert.Equal(hex, Convert.ToHexString(bytes));
    }

    [Theory]
    [InlineData("q")]
    [InlineData("q6uru")]
    [InlineData("!!!!")]
    [InlineData("q6 ur_")]
    public void Binary_values_that_are_not_base64_are_refused(string header) => Assert.False(BinaryHeader.TryDecode(header, out _));

    [Fact]
    public void Binary_values_are_written_without_padding()
    {
        Assert.Equal("qw", BinaryHeader.Encode([0xab]));
        Assert.Equal("q6s", BinaryHeader.Encode([0xab, 0xab]));
    }

    [Fact]
    public void Joined_binary_values_are_several_entries()
    {
        var metadata = new Metadata();
        MetadataReader.AddHeader(metadata, "key-bin", "qw==, q6s");
        Assert.Equal(["AB", "ABAB"], metadata.Select(entry => Convert.ToHexString(entry.ValueBytes)));
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("application/grpc; charset=utf-8", true)]
    [InlineData("Application/GRPC", true)]
    [InlineData("application/grpc-web", false)]
    [InlineData("application/json", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Content_types_are_told_apart(string? contentType, bool isGrpc) => Assert.Equal(isGrpc, HeaderNames.IsGrpc(contentType));
}
