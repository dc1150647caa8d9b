using System.Threading.Channels;
using Migration.Node.State;

namespace Migration.Node.Tests.State;

public sealed class FeedTests
{
    [Fact]
    public async Task Listener_hears_every_change_after_its_snapshot_once()
    {
        var feed = new Feed<int>();
        var now = 0;
        feed.Publish(() => ++now);
        using var listening = feed.Listen(() => now, out var taken);
        feed.Publish(() => ++now);
        feed.Publish(() => ++now);

        Assert.Equal(1, taken);
        Assert.Equal(2, await listening.Changes.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(3, await listening.Changes.ReadAsync(TestContext.Current.CancellationToken));
        Assert.False(listening.Changes.TryRead(out _));
    }

    [Fact]
    public async Task Listener_that_does_not_read_is_told_to_list_again_and_others_are_not_disturbed()
    {
        var feed = new Feed<int>();
        using var slow = feed.Listen(() => 0, out _);
        using var quick = feed.Listen(() => 0, out _);
        for (var i = 0; i < 3000; i++)
        {
            feed.Publish(() => i);
            Assert.Equal(i, await quick.Changes.ReadAsync(TestContext.Current.CancellationToken));
        }

        var read = 0;
        var closed = await Assert.ThrowsAsync<ChannelClosedException>(async () =>
        {
            while (true)
            {
                await slow.Changes.ReadAsync(TestContext.Current.CancellationToken);
                read++;
            }
        });
        Assert.Equal(1024, read);
        Assert.Equal(Refusal.Later, Assert.IsType<RefusedException>(closed.InnerException).Refusal);
    }
}
