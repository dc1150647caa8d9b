using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Migration.Local.ApiServer;

/// <summary>A Kubernetes API server in this process: objects in memory, HTTPS in front, its garbage collector beside it.</summary>
public sealed class EmbeddedApiServer : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly ApiServerOptions _options;
    private readonly Cluster _cluster;
    private readonly CancellationTokenSource _stopping;
    private readonly IssuedCertificate _serving;

    private EmbeddedApiServer(WebApplication web, ApiServerOptions options, Cluster cluster, CancellationTokenSource stopping, IssuedCertificate serving)
    {
        _web = web;
        _options = options;
        _cluster = cluster;
        _stopping = stopping;
        _serving = serving;
    }

    /// <summary>URL of the first of <see cref="ApiServerOptions.Endpoints"/>, with the port that was taken.</summary>
    public Uri Url => new(_web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
        .First(a => a.StartsWith("https://", StringComparison.Ordinal)));

    /// <summary>How many watches are being served.</summary>
    public int OpenWatches => _cluster.Store.OpenWatches;

    /// <summary>Starts a server that is ready when this returns: namespaces made, manifests loaded, sockets accepting.</summary>
    public static async Task<EmbeddedApiServer> StartAsync(ApiServerOptions options, CancellationToken ct)
    {
        if (options.Endpoints.Count + options.Listeners.Count == 0)
            throw new ArgumentException("the API server needs at least one endpoint or listening socket", nameof(options));
        var logging = options.Logging ?? NullLoggerFactory.Instance;
        var stopping = new CancellationTokenSource();
        var cluster = new Cluster(options, logging.CreateLogger("Migration.Local.ApiServer"), stopping.Token);
        try
        {
            await cluster.PopulateAsync(ct);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
        var serving = options.Authority.Issue("kube-apiserver", null,
            [.. options.Endpoints.Select(e => e.Address).Concat(options.CertificateAddresses).Append(IPAddress.Loopback).Append(IPAddress.IPv6Loopback).Distinct()],
            ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]);
        var web = BuildWeb(options, logging, cluster, serving);
        await web.StartAsync(ct);
        cluster.StartHousekeeping();
        return new EmbeddedApiServer(web, options, cluster, stopping, serving);
    }

    /// <summary>Writes a kubeconfig for the administrator, readable by its owner alone. Its certificate is new each time.</summary>
    public void WriteKubeconfig(string path, Uri? server = null) => WriteKubeconfig(path, "kubernetes-admin", Caller.Masters, server);

    /// <summary>The same for another user, who may do what roles allow: a name like <c>system:serviceaccount:NAMESPACE:NAME</c> is that service account.</summary>
    public void WriteKubeconfig(string path, string user, string? group, Uri? server = null)
    {
        using var certificate = _options.Authority.Issue(user, group);
        IssuedCertificate.WriteSecret(path, Kubeconfig(server ?? Url, certificate));
    }

    /// <summary>Forgets the history of changes, so that watches from before now are answered with 410: what etcd's compaction does after five minutes.</summary>
    public void Compact() => _cluster.Store.Compact();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _cluster.DisposeAsync();
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
        _serving.Dispose();
        _stopping.Dispose();
    }

    private static WebApplication BuildWeb(ApiServerOptions options, ILoggerFactory logging, Cluster cluster, IssuedCertificate serving)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Migration.Local" });
        builder.Services.AddSingleton(logging);
        builder.Services.AddSingleton<IHostLifetime, OwnedLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Bodies are bounded where they are read, with an answer that clients understand.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            foreach (var endpoint in options.Endpoints)
                kestrel.Listen(endpoint, listen => Secure(listen, cluster, serving));
            foreach (var listener in options.Listeners)
                kestrel.ListenHandle((ulong)listener.DangerousGetHandle(), listen => Secure(listen, cluster, serving));
        });
        var web = builder.Build();
        IApplicationBuilder requests = web;
        requests.UseWebSockets();
        requests.Run(cluster.Handler.HandleAsync);
        return web;
    }

    private static void Secure(ListenOptions listen, Cluster cluster, IssuedCertificate serving)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = serving.Certificate,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (certificate, _, _) => cluster.Authentication.Trusts(certificate),
        });
    }

    private string Kubeconfig(Uri server, IssuedCertificate user)
    {
        var name = _options.ClusterName;
        var config = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject
            {
                ["name"] = name,
                ["cluster"] = new JsonObject
                {
                    ["server"] = server.GetLeftPart(UriPartial.Authority),
                    ["certificate-authority-data"] = Base64(_options.Authority.CertificatePem),
                },
            }),
            ["users"] = new JsonArray(new JsonObject
            {
                ["name"] = $"{name}-user",
                ["user"] = new JsonObject
                {
                    ["client-certificate-data"] = Base64(user.CertificatePem),
                    ["client-key-data"] = Base64(user.KeyPem),
                },
            }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = name,
                ["context"] = new JsonObject { ["cluster"] = name, ["user"] = $"{name}-user", ["namespace"] = "default" },
            }),
            ["current-context"] = name,
        };
        return System.Text.Encoding.UTF8.GetString(Yaml.FromJson(config));
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text + "\n"));
}
