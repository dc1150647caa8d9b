using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Migration.Kubernetes;

namespace Migration.Cluster.Tests.Contract;

/// <summary>Plain HTTP to the API server under contract: what is on the wire is what is tested.</summary>
public sealed class ApiConnection : IDisposable
{
    private readonly KubernetesConfig _config;
    private readonly HttpClient _http;

    public ApiConnection(string kubeconfig, bool anonymous = false)
    {
        _config = KubernetesConfig.FromKubeconfig(kubeconfig);
        _http = NewClient(anonymous);
    }

    public Uri Server => _config.Server;

    public HttpClient NewClient(bool anonymous)
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(10), UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => Trusts(certificate);
        if (!anonymous && _config.ClientCertificate is { } certificate)
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        return new HttpClient(handler) { BaseAddress = _config.Server, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Task<ApiAnswer> GetAsync(string path, string? accept = null) => SendAsync(HttpMethod.Get, path, null, accept: accept);

    public Task<ApiAnswer> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body);

    public Task<ApiAnswer> PutAsync(string path, string body) => SendAsync(HttpMethod.Put, path, body);

    public Task<ApiAnswer> DeleteAsync(string path, string? body = null) => SendAsync(HttpMethod.Delete, path, body);

    /// <param name="kind">json, merge, strategic or apply.</param>
    public Task<ApiAnswer> PatchAsync(string path, string kind, string body) => SendAsync(HttpMethod.Patch, path, body, kind switch
    {
        "json" => "application/json-patch+json",
        "merge" => "application/merge-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        _ => "application/apply-patch+yaml",
    });

    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, string? body, string contentType = "application/json", string? accept = null)
    {
        using var request = Request(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _http.SendAsync(request);
        return new ApiAnswer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.ToString() ?? "",
            response.Headers.TryGetValues("Warning", out var warnings) ? [.. warnings] : []);
    }

    /// <summary>Opens a watch; the caller reads its lines and disposes it.</summary>
    public async Task<ApiWatch> WatchAsync(string path, string? accept = null)
    {
        using var request = Request(HttpMethod.Get, path);
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new ApiWatch(response, await response.Content.ReadAsStreamAsync());
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("contract-tests", "1"));
        return request;
    }

    private bool Trusts(X509Certificate? certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_config.CertificateAuthorities ?? []);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return certificate is X509Certificate2 leaf && chain.Build(leaf);
    }
}
