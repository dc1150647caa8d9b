using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Nodes;

/// <summary>
/// What source nodes tell of the migrations that are in flight, as they tell it. A feed that ends is forgotten, and
/// whoever follows is told to look again: nothing here is needed to know the truth, only to know it soon.
/// </summary>
public sealed class OutgoingFeeds(NodeDirectory nodes, ILogger<OutgoingFeeds> log) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Feed> _feeds = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>There is news of this VirtualMachineInstanceMigration.</summary>
    public event Action<ObjectKey>? Changed;

    /// <summary>This is the news.</summary>
    public event Action<MigrationState>? Told;

    /// <summary>What the source node said last, or null if it is not followed.</summary>
    public MigrationState? Latest(string uid) => _feeds.GetValueOrDefault(uid)?.Latest;

    /// <summary>Follows the migration until it ends or the node is lost. Following twice is following once.</summary>
    public void Follow(string uid, ObjectKey key, string node)
    {
        var feed = new Feed();
        if (!_stop.IsCancellationRequested && nodes.Find(node) is { } connection && _feeds.TryAdd(uid, feed))
            feed.Following = FollowAsync(uid, key, connection, feed, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_feeds.Values.Select(feed => feed.Following));
        _stop.Dispose();
    }

    private async Task FollowAsync(string uid, ObjectKey key, NodeConnection node, Feed feed, CancellationToken ct)
    {
        // The caller goes on at once; the call is made beside it.
        await Task.Yield();
        try
        {
            using var call = node.Migrations.WatchMigration(new WatchMigrationRequest { MigrationId = uid }, cancellationToken: ct);
            while (await call.ResponseStream.MoveNext(ct))
            {
                feed.Latest = call.ResponseStream.Current.Migration;
                Told?.Invoke(feed.Latest);
                Changed?.Invoke(key);
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            if (!ct.IsCancellationRequested)
                Log.FeedLost(log, key, node.Name, e.Message);
        }
        _feeds.TryRemove(uid, out _);
        if (!ct.IsCancellationRequested)
            Changed?.Invoke(key);
    }

    private sealed class Feed
    {
        public volatile MigrationState? Latest;

        public Task Following { get; set; } = Task.CompletedTask;
    }
}
