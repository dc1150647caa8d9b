using System.Threading.Channels;

namespace Migration.Node.State;

/// <summary>Hands every change to every listener. A listener that does not keep up is dropped, and told so: it will list again.</summary>
internal sealed class Feed<T>
{
    private const int Backlog = 1024;
    private readonly Lock _gate = new(); // protects _listeners, and orders a snapshot against the changes that follow it
    private readonly List<Channel<T>> _listeners = [];

    /// <summary>Changes made after the snapshot was taken, none missed and none twice.</summary>
    public Listening Listen<TSnapshot>(Func<TSnapshot> snapshot, out TSnapshot taken)
    {
        var channel = Channel.CreateBounded<T>(Backlog);
        lock (_gate)
        {
            taken = snapshot();
            _listeners.Add(channel);
        }

        return new Listening(this, channel);
    }

    /// <summary>Publishes what <paramref name="change"/> makes, in one order for everybody.</summary>
    public void Publish(Func<T> change)
    {
        lock (_gate)
        {
            var value = change();
            _listeners.RemoveAll(listener => !Deliver(listener, value));
        }
    }

    public void Close(Exception reason)
    {
        lock (_gate)
        {
            foreach (var listener in _listeners)
                listener.Writer.TryComplete(reason);
            _listeners.Clear();
        }
    }

    private static bool Deliver(Channel<T> listener, T value)
    {
        if (listener.Writer.TryWrite(value))
            return true;
        listener.Writer.TryComplete(new RefusedException(Refusal.Later, $"more than {Backlog} changes wait for the reader: list again"));
        return false;
    }

    /// <summary>One listener's place; disposed when it has heard enough.</summary>
    internal sealed class Listening(Feed<T> feed, Channel<T> channel) : IDisposable
    {
        public ChannelReader<T> Changes => channel.Reader;

        public void Dispose()
        {
            lock (feed._gate)
                feed._listeners.Remove(channel);
        }
    }
}
