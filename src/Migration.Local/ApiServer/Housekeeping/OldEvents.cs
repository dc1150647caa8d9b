namespace Migration.Local.ApiServer;

/// <summary>Events are kept for an hour.</summary>
internal sealed class OldEvents(Store store, ResourceRegistry registry, ObjectRemover remover, TimeProvider time)
{
    private static readonly TimeSpan Age = TimeSpan.FromHours(1);

    public async Task RemoveAsync(CancellationToken ct)
    {
        if (registry.StorageType("events") is not { } type)
            return;
        var limit = time.GetUtcNow() - Age;
        foreach (var old in store.List("events").Objects.Values.Where(e => LastSeen(e) < limit))
        {
            try
            {
                await remover.DeleteAsync(type, old.Key, new DeleteOptions { Uid = old.Uid }, ct);
            }
            catch (ApiException e) when (e.Code is 404 or 409)
            {
                // Gone already.
            }
        }
    }

    private static DateTimeOffset? LastSeen(StoredObject item) =>
        Timestamps.Read(item.Root.Text("series", "lastObservedTime") ?? item.Root.Text("lastTimestamp")
            ?? item.Root.Text("eventTime") ?? item.Root.Text("metadata", "creationTimestamp"));
}
