using Grpc.Core;

namespace Migration.Grpc.Tests;

public sealed class MetadataTests
{
    [Fact]
    public void Keys_are_lower_case_and_the_last_entry_of_a_key_counts()
    {
        Metadata metadata = new() { { "Key", "one" }, { "key", "two" }, { "data-bin", new byte[] { 1, 2 } } };
        Assert.Equal(["key", "key", "data-bin"], metadata.Select(entry => entry.Key));
        Assert.Equal("two", metadata.GetValue("KEY"));
        Assert.Equal([1, 2], metadata.GetValueBytes("data-bin"));
        Assert.Equal(2, metadata.GetAll("key").Count());
        Assert.Null(metadata.Get("none"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("umlaut-ä")]
    [InlineData("a:b")]
    [InlineData("new\nline")]
    public void Illegal_keys_are_refused_by_name(string key)
    {
        var refusal = Assert.Throws<ArgumentException>(() => new Metadata { { key, "value" } });
        Assert.Contains($"'{key}'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_and_bytes_need_their_own_kind_of_key()
    {
        Assert.Throws<ArgumentException>(() => new Metadata { { "data-bin", "text" } });
        Assert.Throws<ArgumentException>(() => new Metadata { { "data", new byte[] { 1 } } });
    }

    [Theory]
    [InlineData("line\nbreak")]
    [InlineData("ümlaut")]
    public void Text_that_no_header_can_carry_is_refused(string value) => Assert.Throws<ArgumentException>(() => new Metadata { { "key", value } });

    [Fact]
    public void The_empty_metadata_stay_empty() => Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("key", "value"));
}
