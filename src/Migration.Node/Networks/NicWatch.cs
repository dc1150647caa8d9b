using System.Collections.Concurrent;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>Tells when the MTU of a bound pod NIC changes: one thread for all of them.</summary>
internal sealed class NicWatch : IDisposable
{
    private readonly Poller _poller = new();
    private readonly Thread _thread;
    private readonly Lock _gate = new(); // protects _nics
    private readonly Dictionary<AttachmentKey, WatchedNic> _nics = [];
    private readonly ConcurrentQueue<AttachmentKey> _changed = new();
    private readonly Action<AttachmentKey> _told;
    private volatile bool _stopping;

    /// <param name="told">Called on the watch's thread, again and again until the NIC is watched with the MTU that it has.</param>
    public NicWatch(Action<AttachmentKey> told)
    {
        _told = told;
        _thread = new Thread(Loop) { IsBackground = true, Name = "NIC watch" };
        _thread.Start();
    }

    /// <summary>Watches a NIC that was found to have this MTU.</summary>
    public void Watch(AttachmentKey key, PodLinks links, int nic, int mtu)
    {
        Forget(key);
        var watched = new WatchedNic(LinkMonitor.Open(links.Space), nic, mtu);
        lock (_gate)
            _nics[key] = watched;
        watched.Registration = _poller.Watch(watched.Monitor.Descriptor, () => watched.Read(() => _changed.Enqueue(key)));
        // What changed since the NIC was looked at was before the watch.
        if (links.Route.FindLink(nic) is not { } now || now.Mtu == mtu)
            return;
        _changed.Enqueue(key);
        _poller.Wake();
    }

    public void Forget(AttachmentKey key)
    {
        WatchedNic? watched;
        lock (_gate)
            _nics.Remove(key, out watched);
        watched?.Dispose();
    }

    public void Dispose()
    {
        _stopping = true;
        _poller.Wake();
        _thread.Join();
        foreach (var watched in _nics.Values)
            watched.Dispose();
        _poller.Dispose();
    }

    private void Loop()
    {
        while (!_stopping)
        {
            _poller.Wait(Timeout.InfiniteTimeSpan);
            while (!_stopping && _changed.TryDequeue(out var key))
                _told(key);
        }
    }

    private sealed class WatchedNic(LinkMonitor monitor, int nic, int mtu) : IDisposable
    {
        public LinkMonitor Monitor { get; } = monitor;

        public IDisposable? Registration { get; set; }

        public void Read(Action changed) => Monitor.Read(
            one =>
            {
                if (one.Link.Index == nic && !one.Removed && one.Link.Mtu != mtu)
                    changed();
            },
            resync: changed);

        public void Dispose()
        {
            Registration?.Dispose();
            Monitor.Dispose();
        }
    }
}
