namespace Migration.Api.Tests;

/// <summary>Spellings as Go's time.Duration prints and reads them.</summary>
public sealed class GoDurationTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(62_140, "6.214ms")]
    [InlineData(5, "0.5µs")]
    [InlineData(15_000_000, "1.5s")]
    [InlineData(600_000_000, "1m0s")]
    [InlineData(37_230_000_000, "1h2m3s")]
    [InlineData(-62_140, "-6.214ms")]
    public void A_duration_is_written_and_read_back(long ticks, string text)
    {
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromTicks(ticks)));
        Assert.True(GoDuration.TryParse(text, out var read));
        Assert.Equal(ticks, read.Ticks);
    }

    [Theory]
    [InlineData("1h", 36_000_000_000)]
    [InlineData("1.5h", 54_000_000_000)]
    [InlineData("300ms", 3_000_000)]
    [InlineData("1m30s", 900_000_000)]
    [InlineData("100ns", 1)]
    [InlineData("+2us", 20)]
    [InlineData("0", 0)]
    public void Other_spellings_are_read(string text, long ticks)
    {
        Assert.True(GoDuration.TryParse(text, out var read));
        Assert.Equal(ticks, read.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("1d")]
    [InlineData("1..5s")]
    [InlineData("1s ")]
    [InlineData("99999999999999999999h")]
    [InlineData("9223372036854775807h")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));
}
