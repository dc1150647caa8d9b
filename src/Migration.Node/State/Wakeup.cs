using System.Threading.Channels;

namespace Migration.Node.State;

/// <summary>Wakes one loop. Many calls before it looks are one.</summary>
internal sealed class Wakeup
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _set.Writer.TryWrite(true);

    /// <summary>Returns when set, or after the time has passed.</summary>
    public async Task WaitAsync(TimeSpan patience, TimeProvider time, CancellationToken ct)
    {
        if (_set.Reader.TryRead(out _) || patience <= TimeSpan.Zero)
            return;
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, ct);
        try
        {
            await _set.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
        }
    }
}
