using System.Net;
using Migration.Kubernetes;

namespace Migration.Controllers;

/// <summary>
/// Guards what cannot be taken back: an informer may be behind, and what it showed may be long over. Before something
/// is started on the strength of an object, the object is read, and one that has moved on is a conflict.
/// </summary>
public static class FreshView
{
    extension<T>(ResourceClient<T> resource)
        where T : KubernetesObject
    {
        public async Task EnsureFreshAsync(T seen, CancellationToken ct)
        {
            var now = await resource.FindAsync(seen.Key, ct);
            if (now?.Metadata.Uid != seen.Metadata.Uid || now?.Metadata.ResourceVersion != seen.Metadata.ResourceVersion)
                throw new KubernetesException("get", $"{resource.Kind} {seen.Key}", HttpStatusCode.Conflict, "Conflict", "the object was changed since it was looked at");
        }
    }
}
