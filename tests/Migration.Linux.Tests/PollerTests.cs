namespace Migration.Linux.Tests;

public sealed class PollerTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    [Fact]
    public void Only_the_ready_ones_are_called_and_again_while_they_stay_ready()
    {
        var (left, right) = UnixSocket.Pair();
        var (idle, other) = UnixSocket.Pair();
        using (left)
        using (right)
        using (idle)
        using (other)
        using (var poller = new Poller())
        {
            var calls = 0;
            using var first = poller.Watch(right.SafeHandle, () => calls++);
            using var second = poller.Watch(other.SafeHandle, () => Assert.Fail("nothing was sent there"));
            Assert.False(poller.Wait(TimeSpan.Zero));

            UnixSocket.Send(left, "x"u8);
            Assert.True(poller.Wait(Long));
            Assert.True(poller.Wait(Long));
            Assert.Equal(2, calls);

            UnixSocket.Receive(right, new byte[1], []);
            Assert.False(poller.Wait(TimeSpan.Zero));
        }
    }

    [Fact]
    public void A_disposed_watch_is_not_called_even_if_it_was_ready_in_the_same_batch()
    {
        var (left, right) = UnixSocket.Pair();
        using (left)
        using (right)
        using (var poller = new Poller())
        {
            IDisposable? first = null, second = null;
            var calls = 0;
            using var copy = new FileDescriptor((int)right.Handle, ownsHandle: false).Duplicate();
            first = poller.Watch(right.SafeHandle, () => Called(second!));
            second = poller.Watch(copy, () => Called(first));
            UnixSocket.Send(left, "x"u8);

            Assert.True(poller.Wait(Long));
            Assert.Equal(1, calls);

            void Called(IDisposable sibling)
            {
                calls++;
                sibling.Dispose();
            }
        }
    }

    [Fact]
    public async Task A_wake_up_ends_the_wait_of_another_thread()
    {
        using var poller = new Poller();
        var waiting = Task.Factory.StartNew(() => poller.Wait(Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        poller.Wake();
        Assert.True(await waiting.WaitAsync(Long, TestContext.Current.CancellationToken));
        Assert.False(poller.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void The_other_end_closing_makes_a_descriptor_ready()
    {
        var (left, right) = UnixSocket.Pair();
        using (right)
        using (var poller = new Poller())
        {
            var calls = 0;
            using var watch = poller.Watch(right.SafeHandle, () => calls++);
            left.Dispose();
            Assert.True(poller.Wait(Long));
            Assert.Equal(1, calls);
        }
    }
}
