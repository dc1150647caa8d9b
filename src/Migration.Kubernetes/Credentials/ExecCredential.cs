using System.ComponentModel;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>
/// A credential plugin: a program that prints an <c>ExecCredential</c> (client.authentication.k8s.io). It is run when
/// there is no credential yet, when the last one has expired, and when the server refuses it; never twice at once.
/// </summary>
public sealed class ExecCredential(ExecPlugin plugin, TimeProvider time) : Credential
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>A credential about to expire would expire under way.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>One run of the program at a time.</summary>
    private readonly SemaphoreSlim _running = new(1, 1);

    /// <summary>Replaced as a whole.</summary>
    private volatile Answer? _last;

    internal override X509Certificate2? ClientCertificate => _last?.Certificate;

    internal override async ValueTask<AuthenticationHeaderValue?> AuthorizationAsync(CancellationToken ct)
    {
        if (_last is { } known && IsFresh(known))
            return known.Header;
        await _running.WaitAsync(ct);
        try
        {
            if (_last is not { } last || !IsFresh(last))
                _last = last = await RunAsync(ct);
            return last.Header;
        }
        finally
        {
            _running.Release();
        }
    }

    internal override bool Renew()
    {
        _last = null;
        return true;
    }

    private bool IsFresh(Answer answer) => answer.Expires is not { } expires || time.GetUtcNow() < expires - Margin;

    private async Task<Answer> RunAsync(CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var process = Start();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(both.Token);
            var errors = process.StandardError.ReadToEndAsync(both.Token);
            await process.WaitForExitAsync(both.Token);
            if (process.ExitCode != 0)
                throw Broken($"exit code {process.ExitCode}: {(await errors).Trim()}", null);
            return Read(await output);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw Broken($"no answer within {Patience.TotalSeconds:0} s", e);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(plugin.Command) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in plugin.Arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in plugin.Environment)
            start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = plugin.ExecInfo();
        try
        {
            return Process.Start(start) ?? throw Broken("it did not start", null);
        }
        catch (Win32Exception e)
        {
            throw Broken(plugin.InstallHint is { Length: > 0 } hint ? $"{e.Message}; {hint}" : e.Message, e);
        }
    }

    private Answer Read(string output)
    {
        try
        {
            var answer = JsonNode.Parse(output);
            var version = (string?)answer?["apiVersion"];
            if (version != plugin.ApiVersion)
                throw Broken($"it speaks \"{version}\", the kubeconfig says \"{plugin.ApiVersion}\"", null);
            return Read(answer!["status"] ?? throw Broken("the answer has no status", null));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Broken($"unreadable answer: {e.Message}", e);
        }
    }

    private Answer Read(JsonNode status)
    {
        var token = (string?)status["token"];
        var certificate = (string?)status["clientCertificateData"];
        var key = (string?)status["clientKeyData"];
        if (string.IsNullOrEmpty(token) && (string.IsNullOrEmpty(certificate) || string.IsNullOrEmpty(key)))
            throw Broken("the answer has neither a token nor a certificate with its key", null);
        return new Answer(
            string.IsNullOrEmpty(token) ? null : new AuthenticationHeaderValue("Bearer", token),
            string.IsNullOrEmpty(certificate) ? null : ClientCertificates.FromPem(certificate, key!),
            (DateTimeOffset?)status["expirationTimestamp"]);
    }

    private KubernetesException Broken(string why, Exception? inner) => new("login", plugin.Command, null, "ExecPluginFailed", why, inner);

    private sealed record Answer(AuthenticationHeaderValue? Header, X509Certificate2? Certificate, DateTimeOffset? Expires);
}
