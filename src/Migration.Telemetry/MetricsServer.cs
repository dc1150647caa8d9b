using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Migration.Telemetry;

/// <summary>
/// A read-only HTTP/1.1 address beside whatever else a program serves: <c>/metrics</c> and <c>/healthz</c>, and what the program adds.
/// Apart from the gRPC listeners, so that nobody without a certificate gets anywhere near them.
/// </summary>
public sealed class MetricsServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private MetricsServer(WebApplication app) => _app = app;

    public IPEndPoint Address => IPEndPoint.Parse(new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority);

    public static async Task<MetricsServer> StartAsync(IPEndPoint address, Exposition exposition, CancellationToken ct, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxConcurrentConnections = 100;
            kestrel.Listen(address, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.MapGet("/metrics", () => Results.Text(exposition.Read(), Exposition.ContentType));
        app.MapGet("/healthz", () => Results.Text("ok\n"));
        map?.Invoke(app);
        await app.StartAsync(ct);
        return new MetricsServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        // Whoever still reads is not waited for: a page's stream would never end by itself.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}
