using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Serves one watch: what is there already when no resourceVersion was given, then every change that the selectors let through.</summary>
internal sealed class WatchStream(Store store, TimeProvider time, ResourceType type, string scope, ListOptions options, ObjectView view, CancellationToken stopping)
{
    private static readonly TimeSpan BookmarkPeriod = TimeSpan.FromSeconds(30);

    /// <summary>A last bookmark shortly before the end, so that the client resumes from where it really is.</summary>
    private static readonly TimeSpan FarewellLead = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);

    private bool _first = true;

    public async Task RunAsync(HttpContext http, CancellationToken ct)
    {
        var timeout = options.Timeout ?? DefaultTimeout * (1 + Random.Shared.NextDouble());
        using var deadline = new CancellationTokenSource(timeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping, deadline.Token);
        http.Response.StatusCode = 200;
        http.Response.ContentType = "application/json";
        try
        {
            await http.Response.StartAsync(ending.Token);
            await http.Response.Body.FlushAsync(ending.Token);
            await ServeAsync(http, time.GetUtcNow() + timeout, ending.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested || stopping.IsCancellationRequested || ct.IsCancellationRequested)
        {
            // The agreed time is over, the server stops, or the client has gone: a watch just ends.
        }
    }

    private async Task ServeAsync(HttpContext http, DateTimeOffset end, CancellationToken ct)
    {
        var (backlog, revision, opened) = Open();
        if (opened is null)
        {
            await WriteAsync(http, ObjectView.Error(ApiException.Expired($"too old resource version: {options.ResourceVersion} ({store.Revision})")), ct);
            return;
        }
        using var watcher = opened;
        foreach (var item in backlog.Where(IsWanted))
            await WriteAsync(http, view.Event("ADDED", item, TakeFirst()), ct);
        if (options is { SendInitialEvents: true, Bookmarks: true })
            await WriteAsync(http, view.Bookmark(revision, true), ct);
        await FollowAsync(http, watcher, revision, end, ct);
    }

    private (IEnumerable<StoredObject> Backlog, ulong Revision, Watcher? Watcher) Open()
    {
        if (!options.SendInitialEvents && options.ResourceVersion is { } from and > 0)
            return ([], from, store.Watch(type.Storage, from));
        var (snapshot, watcher) = store.ListAndWatch(type.Storage);
        var backlog = options.SendInitialEvents || options.ResourceVersionMatch.Length == 0 ? snapshot.Objects.Values : [];
        return (backlog, snapshot.Revision, watcher);
    }

    private async Task FollowAsync(HttpContext http, Watcher watcher, ulong revision, DateTimeOffset end, CancellationToken ct)
    {
        Task<bool>? more = null;
        while (true)
        {
            while (watcher.Changes.TryRead(out var change))
            {
                revision = change.Revision;
                if (EventFor(change) is { } line)
                    await http.Response.Body.WriteAsync(line, ct);
            }
            await http.Response.Body.FlushAsync(ct);
            more ??= watcher.Changes.WaitToReadAsync(ct).AsTask();
            if (!await CompletesBeforeBookmarkAsync(more, end, ct))
            {
                await WriteAsync(http, view.Bookmark(Math.Max(revision, options.ResourceVersion ?? 0), false), ct);
                continue;
            }
            if (!await more)
                return;
            more = null;
        }
    }

    /// <summary>Waits for news; false when a bookmark is due first.</summary>
    private async Task<bool> CompletesBeforeBookmarkAsync(Task<bool> news, DateTimeOffset end, CancellationToken ct)
    {
        if (!options.Bookmarks || news.IsCompleted)
        {
            await news;
            return true;
        }
        var untilFarewell = end - FarewellLead - time.GetUtcNow();
        var wait = untilFarewell > TimeSpan.Zero && untilFarewell < BookmarkPeriod ? untilFarewell : BookmarkPeriod;
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var due = Task.Delay(wait, time, cancelled.Token);
        var first = await Task.WhenAny(news, due);
        await cancelled.CancelAsync();
        ct.ThrowIfCancellationRequested();
        return first == news;
    }

    private byte[]? EventFor(Change change)
    {
        var was = change.Before is { } before && IsWanted(before);
        var isNow = !change.Removed && IsWanted(change.After);
        // An object that left the selection is deleted as far as this watcher goes, and is shown as it was.
        return (was, isNow) switch
        {
            (false, true) => view.Event("ADDED", change.After, TakeFirst()),
            (true, true) => view.Event("MODIFIED", change.After, TakeFirst()),
            (true, false) => view.Event("DELETED", change.After, TakeFirst()),
            _ => null,
        };
    }

    private bool IsWanted(StoredObject item) => (scope.Length == 0 || item.Namespace == scope) && options.Matches(item);

    private bool TakeFirst() => _first && !(_first = false);

    private static async Task WriteAsync(HttpContext http, byte[] line, CancellationToken ct)
    {
        await http.Response.Body.WriteAsync(line, ct);
        await http.Response.Body.FlushAsync(ct);
    }
}
