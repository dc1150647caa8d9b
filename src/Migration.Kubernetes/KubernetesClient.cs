using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>
/// A connection pool to one API server with one identity. Requests are made through <see cref="For{T}"/>, one small
/// typed view per kind; what no kind covers goes through <see cref="RequestAsync"/>.
/// </summary>
/// <remarks>
/// A request is sent once: whoever asks knows whether asking again is right (the controller loop and the informer do, with
/// back-off, honouring <see cref="KubernetesException.RetryAfter"/>). The one exception is a 401, after which
/// credentials are renewed and the request is repeated.
/// </remarks>
public sealed class KubernetesClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Credential? _credential;

    public KubernetesClient(KubernetesConfig config, TimeProvider? time = null)
    {
        Time = time ?? TimeProvider.System;
        _credential = config.Credential;
        _http = new HttpClient(Connections.Handler(config))
        {
            BaseAddress = new Uri(config.Server.AbsoluteUri.TrimEnd('/') + "/"),
            // Time limits are each request's own: a watch lasts for minutes.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(config.UserAgent);
        // .NET takes the name for TLS from the Host header, and API servers do not look at it.
        _http.DefaultRequestHeaders.Host = config.TlsServerName;
        Namespace = config.Namespace;
    }

    /// <summary>The namespace of the kubeconfig's context, or of the pod we run in.</summary>
    public string Namespace { get; }

    /// <summary>How long an ordinary request may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock of everything that is built on this client.</summary>
    public TimeProvider Time { get; }

    /// <summary>The typed view of one kind; cheap, make as many as you like.</summary>
    public ResourceClient<T> For<T>(ResourceKind<T> kind)
        where T : KubernetesObject => new(this, kind);

    /// <summary>
    /// Any request: discovery, <c>/version</c>, an eviction. <paramref name="path"/> is relative to the server, with its query.
    /// Returns the body of a 2xx answer; anything else is a <see cref="KubernetesException"/>.
    /// </summary>
    public Task<byte[]> RequestAsync(HttpMethod method, string path, Patch? body, CancellationToken ct) =>
        SendAsync(new ApiRequest(method.Method.ToLowerInvariant(), path, method, path, body), ct);

    public void Dispose() => _http.Dispose();

    internal async Task<byte[]> SendAsync(ApiRequest request, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(RequestTimeout, Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var response = await OpenAsync(request, both.Token);
            return await response.Content.ReadAsByteArrayAsync(both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw request.Failed("Timeout", $"no answer within {RequestTimeout.TotalSeconds:0.#} s", null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw request.Failed("Unreachable", Explain(e), e);
        }
    }

    /// <summary>Sends, and hands out the answer when its headers are there; the caller reads the body and disposes.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken ct)
    {
        var response = await SendOnceAsync(request, ct);
        if (response.StatusCode == HttpStatusCode.Unauthorized && _credential is not null && _credential.Renew())
        {
            response.Dispose();
            response = await SendOnceAsync(request, ct);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await RefusalAsync(request, response, ct);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, CancellationToken ct)
    {
        using var message = request.ToMessage();
        if (_credential is not null && await _credential.AuthorizationAsync(ct) is { } authorization)
            message.Headers.Authorization = authorization;
        var start = Time.GetTimestamp();
        var status = "none";
        try
        {
            var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct);
            status = $"{(int)response.StatusCode}";
            return response;
        }
        finally
        {
            Metrics.Requested(request.Verb, status, Time.GetElapsedTime(start));
        }
    }

    private async Task<KubernetesException> RefusalAsync(ApiRequest request, HttpResponseMessage response, CancellationToken ct)
    {
        var body = await response.Content.ReadAsByteArrayAsync(ct);
        var status = ReadStatus(body);
        var code = (int)response.StatusCode;
        return new KubernetesException(request.Verb, request.Resource, response.StatusCode,
            status?.Reason ?? response.StatusCode.ToString(),
            status?.Message ?? $"{code} {response.ReasonPhrase}: {Excerpt(body)}")
        {
            Status = status,
            RetryAfter = RetryAfter(response.Headers.RetryAfter)
                ?? (status?.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null),
        };
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) =>
        header?.Delta ?? (header?.Date is { } date && date > Time.GetUtcNow() ? date - Time.GetUtcNow() : null);

    private static Status? ReadStatus(byte[] body)
    {
        try
        {
            var status = JsonSerializer.Deserialize(body, KubernetesJson.Default.Status);
            return status?.Kind == "Status" ? status : null;
        }
        catch (JsonException)
        {
            // A proxy's page, or nothing: the HTTP status has to do.
            return null;
        }
    }

    private static string Excerpt(byte[] body)
    {
        var text = System.Text.Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 200)).Trim();
        return text.Length == 0 ? "no explanation" : text;
    }

    /// <summary>What the network said: HttpClient's own message often only says that there is an inner one.</summary>
    internal static string Explain(Exception e) =>
        e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{e.Message} {Explain(inner)}" : e.Message;
}
