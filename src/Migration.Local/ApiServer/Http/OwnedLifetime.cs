using Microsoft.Extensions.Hosting;

namespace Migration.Local.ApiServer;

/// <summary>The web host lives as long as its owner wants: without this it would take the process's signals for itself.</summary>
internal sealed class OwnedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
