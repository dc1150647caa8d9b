using System.Threading.Channels;

namespace Migration.Qemu;

/// <summary>
/// Events since this listener was opened. Open it before the command that causes them. One that is not read from fails when it
/// is full; replies to commands never wait for it.
/// </summary>
public sealed class QmpEvents : IDisposable
{
    internal const int Capacity = 1024;

    private readonly Channel<QmpEvent> _channel = Channel.CreateBounded<QmpEvent>(new BoundedChannelOptions(Capacity) { SingleWriter = true });
    private readonly Func<QmpEvent, bool> _wanted;
    private readonly Action<QmpEvents> _close;

    internal QmpEvents(Func<QmpEvent, bool> wanted, Action<QmpEvents> close)
    {
        _wanted = wanted;
        _close = close;
    }

    /// <summary>The next event; throws <see cref="QmpException"/> when the session has ended or this listener overflowed.</summary>
    public async ValueTask<QmpEvent> NextAsync(CancellationToken ct)
    {
        try
        {
            return await _channel.Reader.ReadAsync(ct);
        }
        catch (ChannelClosedException closed) when (closed.InnerException is QmpException cause)
        {
            throw cause.For("wait for an event");
        }
    }

    /// <summary>The next event, or null when none came in time.</summary>
    public async ValueTask<QmpEvent?> NextAsync(TimeSpan patience, TimeProvider time, CancellationToken ct)
    {
        if (TryNext(out var ready))
            return ready;
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, ct);
        try
        {
            return await NextAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>An event that has come already.</summary>
    public bool TryNext(out QmpEvent? next) => _channel.Reader.TryRead(out next);

    public void Dispose()
    {
        _close(this);
        _channel.Writer.TryComplete();
    }

    internal void Offer(QmpEvent happened)
    {
        if (_wanted(happened) && !_channel.Writer.TryWrite(happened))
            End(new QmpException("listen for events", "Overflow", $"{Capacity} events were not read, {happened.Name} was lost"));
    }

    internal void End(QmpException cause) => _channel.Writer.TryComplete(cause);
}
