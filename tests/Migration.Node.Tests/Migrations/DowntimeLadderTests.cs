using Migration.Node.Migrations;

namespace Migration.Node.Tests.Migrations;

public sealed class DowntimeLadderTests
{
    [Theory]
    [InlineData(0, 50)]
    [InlineData(5, 50)]
    [InlineData(6, 100)]
    [InlineData(9, 100)]
    [InlineData(10, 200)]
    [InlineData(14, 400)]
    [InlineData(18, 400)]
    [InlineData(int.MaxValue, 400)]
    public void Stop_may_be_longer_the_more_passes_did_not_get_there(int pass, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), DowntimeLadder.At(pass));
}
