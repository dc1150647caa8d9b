using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Grpc.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Migration.Grpc.Tests;

/// <summary>Our server on a free port of the loopback, and a channel to it. Or any other HTTP/2 server, to be a bad peer.</summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LocalServer(WebApplication app, Uri address, ErrorLog errors)
    {
        _app = app;
        Errors = errors;
        Address = address;
        Channel = GrpcChannel.ForAddress(address);
    }

    public Uri Address { get; }

    public ErrorLog Errors { get; }

    public GrpcChannel Channel { get; }

    public TestService.TestServiceClient Client => new(Channel);

    public static Task<LocalServer> StartAsync<TService>(
        TService service, Action<GrpcServiceOptions>? options = null, Action<KestrelServerOptions>? kestrel = null, Action<IServiceCollection>? services = null)
        where TService : class => StartAsync(
            collection =>
            {
                collection.AddSingleton(service);
                collection.AddGrpc(options ?? (_ => { }));
                services?.Invoke(collection);
            },
            app => app.MapGrpcService<TService>(),
            kestrel);

    /// <summary>A server that answers every request in its own way.</summary>
    public static Task<LocalServer> StartRawAsync(RequestDelegate answer) => StartAsync(_ => { }, app => app.Run(answer), null);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task<LocalServer> StartAsync(
        Action<IServiceCollection> services, Action<WebApplication> map, Action<KestrelServerOptions>? kestrel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var errors = new ErrorLog();
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.WebHost.ConfigureKestrel(options =>
        {
            if (kestrel is not null) kestrel(options);
            else options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        services(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        var url = app.Urls.First();
        return new LocalServer(app, url.StartsWith("http://unix:", StringComparison.Ordinal) ? new Uri("http://localhost") : new Uri(url), errors);
    }
}
