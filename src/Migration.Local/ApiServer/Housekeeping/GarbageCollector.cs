using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

internal sealed class GarbageCollector : IAsyncDisposable
{
    public static GarbageCollector Start(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover, ApiServerOptions options, ILogger log) => new();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
