using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>
/// Keeps our admission webhooks answering. Every replica serves, with the certificate that lies in a Secret; the one that
/// leads makes and renews it, and tells the API server where to ask and whom to trust.
/// </summary>
public sealed class Webhooks(KubernetesClient client, WebhookOptions options, string inNamespace, IReadOnlyList<AdmissionEndpoint> endpoints, ILoggerFactory logs, TimeProvider time) : IAsyncDisposable
{
    // A Secret and two configurations are read so often; renewal is weeks ahead of need.
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(1);

    private readonly ILogger<Webhooks> _log = logs.CreateLogger<Webhooks>();
    private readonly ResourceClient<Secret> _secrets = client.For(Kinds.Secrets);
    private readonly ObjectKey _secret = new(inNamespace, WebhookConfigurations.Service);
    private readonly IReadOnlyList<string> _hosts = WebhookConfigurations.Hosts(inNamespace, options.Url);
    private readonly SemaphoreSlim _woken = new(0);
    private WebhookKeys? _keys;
    private X509Certificate2? _certificate;
    private AdmissionServer? _server;
    private volatile bool _isLeading;

    /// <summary>Serves until told to stop.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            var done = await TryKeepAsync(ct);
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var woken = _woken.WaitAsync(pause.Token);
            await Task.WhenAny(woken, Task.Delay(done ? Period : Impatience, time, pause.Token));
            await pause.CancelAsync();
            await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Keeps certificate and configurations for as long as this replica leads.</summary>
    public async Task LeadAsync(CancellationToken ct)
    {
        _isLeading = true;
        _woken.Release();
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
        }
        finally
        {
            _isLeading = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _certificate?.Dispose();
        _woken.Dispose();
    }

    private async Task<bool> TryKeepAsync(CancellationToken ct)
    {
        try
        {
            return await KeepAsync(ct);
        }
        catch (KubernetesException e) when (!ct.IsCancellationRequested)
        {
            Log.WebhooksDelayed(_log, e.Message);
            return false;
        }
    }

    /// <returns>Whether all is as it should be.</returns>
    private async Task<bool> KeepAsync(CancellationToken ct)
    {
        if (await KeysAsync(ct) is not { } keys)
            return false;
        Take(keys);
        _server ??= await ServeAsync(ct);
        if (!_isLeading)
            return true;
        // In this order: nobody is sent here before somebody answers here.
        await EnsureAsync(WebhookConfigurations.Mutating, isMutating: true, keys, ct);
        await EnsureAsync(WebhookConfigurations.Validating, isMutating: false, keys, ct);
        return true;
    }

    private async Task<AdmissionServer> ServeAsync(CancellationToken ct)
    {
        var server = await AdmissionServer.StartAsync(options.Listen, endpoints, () => _certificate!, logs, ct);
        Log.WebhooksServed(_log, server.Url);
        return server;
    }

    // What an open connection still uses is left to the garbage collector.
    private void Take(WebhookKeys keys)
    {
        if (keys == _keys)
            return;
        (_keys, _certificate) = (keys, keys.Load());
        Log.WebhookCertificateTaken(_log, _certificate.NotAfter);
    }

    private async Task<WebhookKeys?> KeysAsync(CancellationToken ct)
    {
        var secret = await _secrets.FindAsync(_secret, ct);
        var keys = secret is null ? null : WebhookKeys.Read(secret);
        if (!_isLeading)
            return keys;
        var renewed = keys?.Renewed(_hosts, time.GetUtcNow()) ?? WebhookKeys.Make(_hosts, time.GetUtcNow());
        if (renewed == keys)
            return keys;
        if (secret is null)
            await _secrets.CreateAsync(renewed.ToSecret(_secret), ct);
        else
            await _secrets.UpdateAsync(secret with { Data = renewed.ToSecret(_secret).Data }, ct);
        return renewed;
    }

    private async Task EnsureAsync(ResourceKind<PartialObject> kind, bool isMutating, WebhookKeys keys, CancellationToken ct)
    {
        var configurations = client.For(kind);
        var wanted = WebhookConfigurations.Webhooks(endpoints, isMutating, inNamespace, options.Url, keys.Authorities);
        if (await configurations.FindAsync(ObjectKey.Of(WebhookConfigurations.Name), ct) is not { } now)
        {
            await configurations.CreateAsync(Configuration(kind, wanted), ct);
            Log.WebhooksConfigured(_log, kind.ToString(), wanted.Count);
        }
        else if (now.Unknown?.TryGetValue("webhooks", out var webhooks) != true || !Says(JsonNode.Parse(webhooks.GetRawText()), wanted))
        {
            await configurations.PatchAsync(now.Key, Patch.Merge(new JsonObject { ["webhooks"] = wanted, ["metadata"] = new JsonObject { ["resourceVersion"] = now.Metadata.ResourceVersion } }), ct);
            Log.WebhooksConfigured(_log, kind.ToString(), wanted.Count);
        }
    }

    private static PartialObject Configuration(ResourceKind<PartialObject> kind, JsonArray webhooks) => new()
    {
        ApiVersion = kind.ApiVersion,
        Kind = kind.Kind,
        Metadata = new ObjectMeta { Name = WebhookConfigurations.Name },
        Unknown = new Dictionary<string, JsonElement> { ["webhooks"] = JsonElement.Parse(webhooks.ToJsonString()) },
    };

    // Besides what we want, the API server fills in defaults, which newer ones may have more of.
    private static bool Says(JsonNode? now, JsonNode? wanted) => (now, wanted) switch
    {
        (JsonObject has, JsonObject asked) => asked.All(field => Says(has[field.Key], field.Value)),
        (JsonArray has, JsonArray asked) => has.Count == asked.Count && has.Zip(asked).All(pair => Says(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(now, wanted),
    };
}
