using System.Security.Cryptography.X509Certificates;

namespace Migration.Kubernetes.Tests;

public sealed class TlsTests : IDisposable
{
    private static readonly ObjectKey Key = new("web", "a");

    private readonly TestCertificates _certificates = new();
    private readonly CancellationTokenSource _limit = new(ScriptedServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public void Dispose()
    {
        _certificates.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task A_server_of_our_authority_is_trusted_and_spoken_to_in_http2()
    {
        var protocol = "";
        await using var server = await ScriptedServer.AnsweringAsync(http =>
        {
            protocol = http.Request.Protocol;
            return Reply.Json(Reply.Pod("a", 1))(http);
        }, _certificates.Server());

        await GetAsync(Config(server));

        Assert.Equal("HTTP/2", protocol);
    }

    [Fact]
    public async Task Another_authority_a_wrong_name_and_the_systems_authorities_are_not()
    {
        using var others = new TestCertificates();
        await using var server = await ScriptedServer.AnsweringAsync(Reply.Json(Reply.Pod("a", 1)), _certificates.Server());
        await using var named = await ScriptedServer.AnsweringAsync(Reply.Json(Reply.Pod("a", 1)), _certificates.Server("api.example"));

        foreach (var config in new[]
        {
            Config(server) with { CertificateAuthorities = ClientCertificates.Authorities(others.AuthorityPem) },
            Config(server) with { CertificateAuthorities = null },
            Config(named),
            Config(named) with { TlsServerName = "other.example" },
        })
            Assert.Equal("Unreachable", (await Assert.ThrowsAsync<KubernetesException>(() => GetAsync(config))).Reason);

        await GetAsync(Config(named) with { TlsServerName = "api.example" });
        await GetAsync(Config(server) with { CertificateAuthorities = null, SkipTlsVerify = true });
    }

    [Fact]
    public async Task The_client_certificate_is_presented()
    {
        var (certificate, key) = _certificates.Issue("me");
        X509Certificate2? seen = null;
        await using var server = await ScriptedServer.AnsweringAsync(http =>
        {
            seen = http.Connection.ClientCertificate;
            return Reply.Json(Reply.Pod("a", 1))(http);
        }, _certificates.Server());

        await GetAsync(Config(server) with { ClientCertificate = ClientCertificates.FromPem(certificate, key) });

        Assert.Equal("CN=me", seen?.Subject);
    }

    [Fact]
    public async Task A_watch_over_http2_delivers_at_once_and_reports_a_reset()
    {
        var read = new TaskCompletionSource();
        await using var server = await ScriptedServer.AnsweringAsync(Reply.CutStream(read.Task, Reply.Event("ADDED", Reply.Pod("a", 11))), _certificates.Server());
        using var client = new KubernetesClient(Config(server));
        await using var events = client.For(Kinds.Pods).WatchAsync(ListOptions.All, "10", Ct).GetAsyncEnumerator(Ct);

        Assert.True(await events.MoveNextAsync());
        read.SetResult();

        Assert.Equal("WatchInterrupted", (await Assert.ThrowsAsync<KubernetesException>(() => events.MoveNextAsync().AsTask())).Reason);
    }

    private KubernetesConfig Config(ScriptedServer server) =>
        new() { Server = server.Url, CertificateAuthorities = ClientCertificates.Authorities(_certificates.AuthorityPem) };

    private async Task GetAsync(KubernetesConfig config)
    {
        using var client = new KubernetesClient(config);
        await client.For(Kinds.Pods).GetAsync(Key, Ct);
    }
}
