using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Sends reviews to webhooks, over HTTPS to a certificate that the webhook's authorities have signed. Connections are kept: a review costs one
/// round trip.
/// </summary>
internal sealed class WebhookClient(ServiceAddresses services, Func<AddressFamily, Socket>? dialler, TimeProvider time) : IDisposable
{
    /// <summary>A webhook's answer is an object and little more.</summary>
    private const int AnswerLimit = 3 * 1024 * 1024;

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    /// <exception cref="HttpRequestException">The webhook could not be asked, or gave no answer.</exception>
    public async Task<JsonObject> AskAsync(Webhook webhook, AdmissionReview review, CancellationToken ct)
    {
        var url = UrlOf(webhook);
        using var deadline = new CancellationTokenSource(webhook.Timeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            return review.ResponseIn(await PostAsync(webhook, url, review, ending.Token));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new HttpRequestException($"failed to call webhook: Post \"{url}\": context deadline exceeded");
        }
        catch (HttpRequestException e) when (e.HttpRequestError != HttpRequestError.Unknown || e.InnerException is not null)
        {
            throw new HttpRequestException($"failed to call webhook: Post \"{url}\": {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private async Task<JsonObject> PostAsync(Webhook webhook, Uri url, AdmissionReview review, CancellationToken ct)
    {
        using var content = new ByteArrayContent(JsonTree.Serialize(review.Body));
        content.Headers.ContentType = Json;
        using var answer = await ClientFor(webhook).PostAsync(url, content, ct);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"failed to call webhook: the server answered {(int)answer.StatusCode}: {await FirstWordsAsync(answer, ct)}");
        try
        {
            return JsonTree.ParseObject(await answer.Content.ReadAsByteArrayAsync(ct));
        }
        catch (JsonException e)
        {
            throw new HttpRequestException($"failed to call webhook: the answer is no JSON object: {e.Message}");
        }
    }

    private static async Task<string> FirstWordsAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        return text.Length > 200 ? text[..200] : text;
    }

    private static Uri UrlOf(Webhook webhook)
    {
        var seconds = ((int)webhook.Timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return webhook.Service is { } service
            ? new Uri($"https://{service.Name}.{service.Namespace}.svc:{service.Port.ToString(CultureInfo.InvariantCulture)}{service.Path}?timeout={seconds}s")
            : new Uri($"{webhook.Url}?timeout={seconds}s");
    }

    private HttpClient ClientFor(Webhook webhook)
    {
        var trust = webhook.Authorities is { } authorities ? string.Join(' ', authorities.Select(a => a.Thumbprint)) : "";
        var place = webhook.Service is { } service ? $"{service.Namespace}/{service.Name}:{service.Port.ToString(CultureInfo.InvariantCulture)}" : "";
        return _clients.GetOrAdd($"{trust} {place}", _ => NewClient(webhook));
    }

    private HttpClient NewClient(Webhook webhook)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ConnectCallback = (context, ct) => ConnectAsync(webhook, context.DnsEndPoint, ct),
        };
        if (webhook.Authorities is { } authorities)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = AnswerLimit };
    }

    private async ValueTask<Stream> ConnectAsync(Webhook webhook, DnsEndPoint place, CancellationToken ct)
    {
        EndPoint target = webhook.Service is { } service ? services.Find(service.Namespace, service.Name, service.Port)
            : IPAddress.TryParse(place.Host.Trim('[', ']'), out var address) ? new IPEndPoint(address, place.Port)
            : new IPEndPoint((await Dns.GetHostAddressesAsync(place.Host, ct))[0], place.Port);
        var socket = dialler?.Invoke(target.AddressFamily) ?? new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(target, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
