using System.Threading.Channels;

namespace Migration.Local.ApiServer;

/// <summary>A subscription to the changes of one resource, in order and without gaps until it is closed. One that reads too slowly is cut off.</summary>
internal sealed class Watcher : IDisposable
{
    private const int Backlog = 8192;
    private readonly Store _store;
    private readonly Channel<Change> _changes;

    public Watcher(Store store, string? resource, ulong from)
    {
        _store = store;
        Resource = resource;
        From = from;
        _changes = resource is null
            ? Channel.CreateUnbounded<Change>(new UnboundedChannelOptions { SingleReader = true })
            : Channel.CreateBounded<Change>(new BoundedChannelOptions(Backlog) { SingleReader = true });
    }

    /// <summary>Null watches everything, as housekeeping does; such a watcher is never cut off, it must not miss anything.</summary>
    public string? Resource { get; }

    /// <summary>Changes up to this revision are not delivered.</summary>
    public ulong From { get; }

    public ChannelReader<Change> Changes => _changes.Reader;

    public void Offer(Change change)
    {
        if (change.Revision > From && !_changes.Writer.TryWrite(change))
            _changes.Writer.TryComplete();
    }

    /// <summary>Ends the stream for the reader, who has to come back: used when the resource itself goes away.</summary>
    public void Close() => _changes.Writer.TryComplete();

    public void Dispose()
    {
        _store.Unsubscribe(this);
        _changes.Writer.TryComplete();
    }
}
