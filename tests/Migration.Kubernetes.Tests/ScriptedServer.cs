using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Migration.Kubernetes.Tests;

/// <summary>A real HTTP server on loopback whose answers a test writes: all of them by one delegate, or one after the other.</summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    /// <summary>Nothing in these tests takes that long unless it hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly WebApplication _web;
    private readonly ConcurrentQueue<string> _requests = new();

    private ScriptedServer(WebApplication web) => _web = web;

    /// <summary>Every request so far, as <c>GET /path?query</c>.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public Uri Url => new(_web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>The answers in turn; what comes after the last is kept waiting until the client goes away.</summary>
    public static Task<ScriptedServer> StartAsync(params Func<HttpContext, Task>[] script)
    {
        var next = -1;
        return AnsweringAsync(http =>
        {
            var turn = Interlocked.Increment(ref next);
            return turn < script.Length ? script[turn](http) : Reply.Nothing(http);
        });
    }

    public static async Task<ScriptedServer> AnsweringAsync(Func<HttpContext, Task> answer, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate,
                    ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                    ClientCertificateValidation = (_, _, _) => true,
                });
        }));
        // Requests that are still kept waiting are cut off at once.
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        var web = builder.Build();
        var server = new ScriptedServer(web);
        ((IApplicationBuilder)web).Run(http =>
        {
            server._requests.Enqueue($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}");
            return answer(http);
        });
        await web.StartAsync();
        return server;
    }

    public KubernetesClient Client(TimeProvider? time = null) => new(new KubernetesConfig { Server = Url }, time);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _web.StopAsync(now.Token);
        await _web.DisposeAsync();
    }
}
