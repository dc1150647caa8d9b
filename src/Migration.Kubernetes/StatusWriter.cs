namespace Migration.Kubernetes;

/// <summary>Writes a status, but only one that says something new: a controller that writes every time wakes itself every time.</summary>
public sealed class StatusWriter<T>(ResourceClient<T> resource)
    where T : KubernetesObject
{
    /// <summary>
    /// Compares and writes the difference. <paramref name="before"/> is the object as read: if it changed since, the answer is a
    /// conflict, and the reconciler simply runs again. Returns the object as it is then. Where the status is a subresource,
    /// differences outside it are not written.
    /// </summary>
    public async Task<T> WriteAsync(T before, T after, CancellationToken ct) =>
        Patch.Between(resource.Kind, before, after, onlyIfUnchanged: true) is { } patch
            ? await resource.PatchStatusAsync(before.Key, patch, ct)
            : before;
}
