using System.Diagnostics;

namespace Migration.Linux.Tests;

public sealed class ProcessHandleTests
{
    [Fact]
    public void A_process_is_signalled_and_its_end_awaited()
    {
        using var sleeper = Process.Start("sleep", "1000");
        using var handle = ProcessHandle.Open(sleeper.Id);
        Assert.False(handle.HasExited);

        Assert.True(handle.Signal(ProcessSignal.Terminate));
        Assert.True(handle.WaitForExit(TimeSpan.FromSeconds(30)));
        sleeper.WaitForExit();
        Assert.False(handle.Signal(ProcessSignal.Terminate));
    }

    [Fact]
    public async Task Waiting_ends_when_the_token_is_cancelled()
    {
        using var sleeper = Process.Start("sleep", "1000");
        using var handle = ProcessHandle.Open(sleeper.Id);
        using var cancel = new CancellationTokenSource();
        var waiting = Task.Factory.StartNew(() => handle.WaitForExit(cancel.Token), TaskCreationOptions.LongRunning);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        sleeper.Kill();
    }

    [Fact]
    public void A_recorded_process_is_found_only_while_it_is_that_one()
    {
        using var sleeper = Process.Start("sleep", "1000");
        var identity = ProcessIdentity.TryOf(sleeper.Id)!.Value;
        using (var handle = ProcessHandle.TryOpen(identity))
            Assert.NotNull(handle);

        // The same number with another start time is somebody else.
        Assert.Null(ProcessHandle.TryOpen(identity with { StartTime = identity.StartTime + 1 }));
        sleeper.Kill();
        sleeper.WaitForExit();
        Assert.Null(ProcessHandle.TryOpen(identity));
        Assert.Null(ProcessIdentity.TryOf(sleeper.Id));
    }
}
