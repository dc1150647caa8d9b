using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>A finalizer is stored before the first thing is done that must be undone, and removed when it is undone.</summary>
public static class Finalizers
{
    extension<T>(ResourceClient<T> resource)
        where T : KubernetesObject
    {
        /// <summary>The object with the finalizer stored; a change in between is a conflict.</summary>
        public Task<T> EnsureFinalizerAsync(T item, string finalizer, CancellationToken ct) =>
            item.Metadata.HasFinalizer(finalizer) ? Task.FromResult(item) : resource.SetAsync(item, item.Metadata.WithFinalizer(finalizer), ct);

        /// <summary>The object without the finalizer. An object that is gone altogether is fine too, and returned as it was.</summary>
        public async Task<T> RemoveFinalizerAsync(T item, string finalizer, CancellationToken ct)
        {
            if (!item.Metadata.HasFinalizer(finalizer))
                return item;
            try
            {
                return await resource.SetAsync(item, item.Metadata.WithoutFinalizer(finalizer), ct);
            }
            catch (KubernetesException e) when (e.IsNotFound)
            {
                return item;
            }
        }

        private Task<T> SetAsync(T item, ObjectMeta wanted, CancellationToken ct)
        {
            var metadata = new JsonObject
            {
                ["finalizers"] = new JsonArray([.. (wanted.Finalizers ?? []).Select(name => JsonValue.Create(name))]),
                ["resourceVersion"] = item.Metadata.ResourceVersion,
                ["uid"] = item.Metadata.Uid,
            };
            return resource.PatchAsync(item.Key, Patch.Merge(new JsonObject { ["metadata"] = metadata }), ct);
        }
    }
}
