using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>
/// Answers the API server's admission reviews over HTTPS. Whoever reaches the port may ask: an answer tells nothing but
/// what the rules say of the object that was sent.
/// </summary>
public sealed class AdmissionServer : IAsyncDisposable
{
    // An object is at most 1.5 MiB in etcd; a review holds two of them and its own words.
    private const long MostBytes = 8 << 20;
    private static readonly Meter Meter = new("Migration.Controllers.Admission");
    private static readonly Counter<long> Reviews = Meter.CreateCounter<long>("migration_admission_reviews_total", description: "Admission reviews answered, by path and answer.");

    private readonly IReadOnlyDictionary<string, AdmissionEndpoint> _endpoints;
    private readonly ILogger<AdmissionServer> _log;
    private readonly WebApplication _web;

    private AdmissionServer(IPEndPoint listen, IReadOnlyList<AdmissionEndpoint> endpoints, Func<X509Certificate2> certificate, ILoggerFactory logs)
    {
        _endpoints = endpoints.ToDictionary(endpoint => endpoint.Path);
        _log = logs.CreateLogger<AdmissionServer>();
        _web = Build(listen, certificate, logs);
        ((IApplicationBuilder)_web).Run(HandleAsync);
    }

    /// <summary>Where it listens, with the port that was taken.</summary>
    public Uri Url => new(_web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>A server that answers when this returns. The certificate is asked for at every connection.</summary>
    public static async Task<AdmissionServer> StartAsync(IPEndPoint listen, IReadOnlyList<AdmissionEndpoint> endpoints, Func<X509Certificate2> certificate, ILoggerFactory logs, CancellationToken ct)
    {
        var server = new AdmissionServer(listen, endpoints, certificate, logs);
        try
        {
            await server._web.StartAsync(ct);
            return server;
        }
        catch
        {
            await server._web.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
    }

    private static WebApplication Build(IPEndPoint listen, Func<X509Certificate2> certificate, ILoggerFactory logs)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "migration-controllers" });
        builder.Services.AddSingleton(logs);
        builder.Services.AddSingleton<IHostLifetime, OwnedLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostBytes;
            kestrel.Listen(listen, socket =>
            {
                socket.Protocols = HttpProtocols.Http1AndHttp2;
                socket.UseHttps(https =>
                {
                    https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                    https.ServerCertificateSelector = (_, _) => certificate();
                });
            });
        });
        return builder.Build();
    }

    private async Task HandleAsync(HttpContext http)
    {
        if (http.Request.Path == "/healthz")
            await http.Response.WriteAsync("ok", http.RequestAborted);
        else if (!_endpoints.TryGetValue(http.Request.Path, out var endpoint))
            await RefuseAsync(http, HttpStatusCode.NotFound, $"{http.Request.Path}: nothing is asked here");
        else if (!HttpMethods.IsPost(http.Request.Method))
            await RefuseAsync(http, HttpStatusCode.MethodNotAllowed, "an AdmissionReview is posted");
        else if (!http.Request.HasJsonContentType())
            await RefuseAsync(http, HttpStatusCode.UnsupportedMediaType, "an AdmissionReview is application/json");
        else
            await AnswerAsync(http, endpoint);
    }

    private async Task AnswerAsync(HttpContext http, AdmissionEndpoint endpoint)
    {
        try
        {
            var request = await ReadAsync(http, endpoint);
            var response = await endpoint.AnswerAsync(request, http.RequestAborted);
            Count(endpoint, response.Allowed ? "allowed" : "denied");
            if (!response.Allowed)
                Log.AdmissionDenied(_log, endpoint, request.Operation!, new ObjectKey(request.Namespace ?? "", request.Name ?? ""), response.Status?.Message ?? "");
            await WriteAsync(http, response);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            Count(endpoint, "malformed");
            await RefuseAsync(http, HttpStatusCode.BadRequest, e.Message);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            Count(endpoint, "malformed");
            await RefuseAsync(http, (HttpStatusCode)e.StatusCode, e.Message);
        }
        catch (KubernetesException e)
        {
            // No verdict: the API server does what the configuration says of such cases.
            Count(endpoint, "failed");
            Log.AdmissionFailed(_log, endpoint, e.Message);
            await RefuseAsync(http, HttpStatusCode.InternalServerError, e.Message);
        }
    }

    private static async Task<AdmissionRequest> ReadAsync(HttpContext http, AdmissionEndpoint endpoint)
    {
        var review = await JsonSerializer.DeserializeAsync(http.Request.Body, AdmissionJson.Default.AdmissionReview, http.RequestAborted);
        if (review?.Kind != AdmissionReview.Name || review.ApiVersion != AdmissionReview.Version)
            throw new FormatException($"{review?.ApiVersion} {review?.Kind}: only {AdmissionReview.Version} {AdmissionReview.Name} is understood");
        if (review.Request is not { Uid.Length: > 0 } request)
            throw new FormatException("request.uid: required");
        if (!endpoint.Answers(request))
            throw new FormatException($"{request.Operation} of {request.Resource?.Resource}.{request.Resource?.Group} is not asked at {endpoint.Path}");
        return request;
    }

    private static async Task WriteAsync(HttpContext http, AdmissionResponse response)
    {
        http.Response.ContentType = "application/json";
        var review = new AdmissionReview { ApiVersion = AdmissionReview.Version, Kind = AdmissionReview.Name, Response = response };
        await JsonSerializer.SerializeAsync(http.Response.Body, review, AdmissionJson.Default.AdmissionReview, http.RequestAborted);
    }

    private static async Task RefuseAsync(HttpContext http, HttpStatusCode code, string message)
    {
        http.Response.StatusCode = (int)code;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(message + "\n", http.RequestAborted);
    }

    private static void Count(AdmissionEndpoint endpoint, string answer) =>
        Reviews.Add(1, new KeyValuePair<string, object?>("path", endpoint.Path), new KeyValuePair<string, object?>("answer", answer));

    /// <summary>The process ends when its owner says so, not on the web host's own signal handlers.</summary>
    private sealed class OwnedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken ct) => Task.CompletedTask;

        public Task StopAsync(CancellationToken ct) => Task.CompletedTask;
    }
}
