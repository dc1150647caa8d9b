using System.Globalization;
using System.Text.Json;

namespace Migration.Kubernetes.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("100m", "0.1")]
    [InlineData("1.5", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5")]
    [InlineData("+3", "3")]
    [InlineData("-2Ki", "-2048")]
    [InlineData("1Ki", "1024")]
    [InlineData("512Mi", "536870912")]
    [InlineData("1.5Gi", "1610612736")]
    [InlineData("1Ti", "1099511627776")]
    [InlineData("1Pi", "1125899906842624")]
    [InlineData("2Ei", "2305843009213693952")]
    [InlineData("1k", "1000")]
    [InlineData("1M", "1000000")]
    [InlineData("2G", "2000000000")]
    [InlineData("3E", "3000000000000000000")]
    [InlineData("1e3", "1000")]
    [InlineData("1E3", "1000")]
    [InlineData("12e-3", "0.012")]
    [InlineData("1n", "0.000000001")]
    [InlineData("7u", "0.000007")]
    public void Texts_are_amounts(string text, string amount)
    {
        var quantity = Quantity.Parse(text);

        Assert.Equal(decimal.Parse(amount, CultureInfo.InvariantCulture), quantity.Amount);
        Assert.Equal(text, quantity.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("1 Mi")]
    [InlineData("1K")]
    [InlineData("1mi")]
    [InlineData("1MiB")]
    [InlineData("1e")]
    [InlineData("1e3Mi")]
    [InlineData("0x10")]
    [InlineData("1,000")]
    [InlineData("--1")]
    [InlineData("1e400")]
    [InlineData("99999999999999999999999E")]
    public void Other_texts_are_refused(string text)
    {
        Assert.False(Quantity.TryParse(text, out _));
        Assert.Contains($"\"{text}\" is not a quantity", Assert.Throws<FormatException>(() => Quantity.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1500m", 2, 1500)]
    [InlineData("100u", 1, 1)]
    [InlineData("2", 2, 2000)]
    [InlineData("-1500m", -1, -1500)]
    [InlineData("9Ei", long.MaxValue, 9223372036854775000)]
    public void Whole_units_and_thousandths_are_rounded_up(string text, long units, long milli)
    {
        Assert.Equal((units, milli), (Quantity.Parse(text).Ceiling, Quantity.Parse(text).Milli));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1023, "1023")]
    [InlineData(1024, "1Ki")]
    [InlineData(536870912, "512Mi")]
    [InlineData(1610612736, "1536Mi")]
    public void Bytes_are_written_in_the_largest_unit_that_divides_them(long bytes, string text)
    {
        Assert.Equal(text, Quantity.OfBytes(bytes).ToString());
        Assert.Equal(Quantity.Parse(text), Quantity.OfBytes(bytes));
    }

    [Fact]
    public void Amounts_compare_and_texts_are_kept()
    {
        Assert.True(Quantity.Parse("1000m") == Quantity.Parse("1"));
        Assert.True(Quantity.Parse("1Gi") > Quantity.Parse("1G"));
        Assert.Equal("250m", Quantity.OfMilli(250).ToString());
        Assert.Equal("2", Quantity.OfMilli(2000).ToString());
        Assert.Equal("0", default(Quantity).ToString());
    }

    [Fact]
    public void Json_may_hold_a_text_or_a_number()
    {
        var volume = JsonSerializer.Deserialize("""{"sizeLimit":1048576}""", KubernetesJson.Default.EmptyDirVolume)!;

        Assert.Equal(Quantity.Parse("1Mi"), volume.SizeLimit);
        Assert.Equal("""{"sizeLimit":"1048576"}""", JsonSerializer.Serialize(volume, KubernetesJson.Default.EmptyDirVolume));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"sizeLimit":[]}""", KubernetesJson.Default.EmptyDirVolume));
    }

    [Fact]
    public void Any_bytes_are_a_quantity_or_refused_and_never_an_accident()
    {
        var random = new Random(20261120);
        const string letters = "0123456789.+-eEnumkKMGTPi ";
        for (var i = 0; i < 200_000; i++)
        {
            var text = string.Create(random.Next(0, 12), random, (span, source) =>
            {
                foreach (ref var letter in span)
                    letter = letters[source.Next(letters.Length)];
            });
            if (Quantity.TryParse(text, out var quantity))
                Assert.Equal(quantity, Quantity.Parse(quantity.ToString()));
        }
    }
}
