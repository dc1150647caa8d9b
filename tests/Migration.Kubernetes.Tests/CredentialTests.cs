using System.Text.Json.Nodes;
using Migration.Testing;

namespace Migration.Kubernetes.Tests;

public sealed class CredentialTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _limit = new(ScriptedServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task A_token_file_is_read_again_every_minute_and_a_gap_in_it_is_bridged()
    {
        var path = _folder.Write("token", "one");
        var credential = new TokenFile(path, _time);
        Assert.Equal("Bearer one", await HeaderAsync(credential));
        _folder.Write("token", "two");
        Assert.Equal("Bearer one", await HeaderAsync(credential));

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer two", await HeaderAsync(credential));
        File.Delete(path);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer two", await HeaderAsync(credential));
        _folder.Write("token", "");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer two", await HeaderAsync(credential));
        _folder.Write("token", "three");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer three", await HeaderAsync(credential));
    }

    [Fact]
    public async Task A_token_file_that_never_was_is_an_error_that_names_it()
    {
        var error = await Assert.ThrowsAsync<KubernetesException>(() => HeaderAsync(new TokenFile("/nowhere/token", _time)));

        Assert.StartsWith("login /nowhere/token: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_rotated_under_way_costs_one_refused_request()
    {
        var path = _folder.Write("token", "one");
        var valid = "Bearer one";
        await using var server = await ScriptedServer.AnsweringAsync(http => http.Request.Headers.Authorization == Volatile.Read(ref valid)
            ? Reply.Json(Reply.Pod("a", 1))(http)
            : Reply.Refuse(401, "Unauthorized", "Unauthorized")(http));
        using var client = new KubernetesClient(new KubernetesConfig { Server = server.Url, Credential = new TokenFile(path, _time) }, _time);
        var pods = client.For(Kinds.Pods);
        await pods.GetAsync(new ObjectKey("web", "a"), Ct);

        _folder.Write("token", "two");
        Volatile.Write(ref valid, "Bearer two");
        await pods.GetAsync(new ObjectKey("web", "a"), Ct);
        await pods.GetAsync(new ObjectKey("web", "a"), Ct);

        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task Credentials_that_stay_wrong_are_refused_after_one_more_try()
    {
        var path = _folder.Write("token", "one");
        await using var server = await ScriptedServer.AnsweringAsync(Reply.Refuse(401, "Unauthorized", "Unauthorized"));
        using var client = new KubernetesClient(new KubernetesConfig { Server = server.Url, Credential = new TokenFile(path, _time) });

        var error = await Assert.ThrowsAsync<KubernetesException>(() => client.For(Kinds.Pods).GetAsync(new ObjectKey("web", "a"), Ct));

        Assert.True(error.IsDenied);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_program_is_asked_once_and_again_when_its_credential_expires_or_is_refused()
    {
        var expires = _time.GetUtcNow().AddMinutes(10).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var credential = Program($$$"""
            echo "$KUBERNETES_EXEC_INFO" > "$0.info"; echo "$1 $COLOUR" >> "$0.calls"
            n=$(wc -l < "$0.calls")
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$n'","expirationTimestamp":"{{{expires}}}"}}'
            """);

        var together = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => HeaderAsync(credential)));
        Assert.All(together, header => Assert.Equal("Bearer t1", header));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal("Bearer t1", await HeaderAsync(credential));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer t2", await HeaderAsync(credential));
        credential.Renew();
        Assert.Equal("Bearer t3", await HeaderAsync(credential));

        Assert.Equal(["get-token blue", "get-token blue", "get-token blue"], await File.ReadAllLinesAsync(Path.Combine(_folder.Path, "plugin.calls")));
        var info = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.Path, "plugin.info")))!;
        Assert.Equal(("ExecCredential", "client.authentication.k8s.io/v1", false), ((string?)info["kind"], (string?)info["apiVersion"], (bool)info["spec"]!["interactive"]!));
    }

    [Fact]
    public async Task A_program_may_answer_with_a_client_certificate()
    {
        using var certificates = new TestCertificates();
        var (certificate, key) = certificates.Issue("me");
        var answer = new JsonObject
        {
            ["apiVersion"] = "client.authentication.k8s.io/v1",
            ["kind"] = "ExecCredential",
            ["status"] = new JsonObject { ["clientCertificateData"] = certificate, ["clientKeyData"] = key },
        };
        _folder.Write("answer.json", answer.ToJsonString());
        var credential = Program("cat \"$(dirname \"$0\")/answer.json\"");

        Assert.Null(await credential.AuthorizationAsync(Ct));
        Assert.Equal("CN=me", credential.ClientCertificate!.Subject);
    }

    [Theory]
    [InlineData("echo 'please log in first' >&2; exit 3", "exit code 3: please log in first")]
    [InlineData("echo hello", "unreadable answer")]
    [InlineData("echo '[]'", "unreadable answer")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1alpha1\",\"status\":{\"token\":\"t\"}}'", "it speaks \"client.authentication.k8s.io/v1alpha1\"")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\"}'", "the answer has no status")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "neither a token nor a certificate")]
    public async Task A_program_that_fails_is_named_with_its_reason(string script, string why)
    {
        var error = await Assert.ThrowsAsync<KubernetesException>(() => HeaderAsync(Program(script)));

        Assert.Equal("ExecPluginFailed", error.Reason);
        Assert.Contains("/plugin: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_not_installed_brings_its_hint()
    {
        var plugin = new ExecPlugin("migration-no-such-program", [], new Dictionary<string, string>(), "client.authentication.k8s.io/v1") { InstallHint = "apt install it" };

        var error = await Assert.ThrowsAsync<KubernetesException>(() => HeaderAsync(new ExecCredential(plugin, _time)));

        Assert.Contains("apt install it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_never_ends_is_killed()
    {
        var credential = Program("echo $$ > \"$0.pid\"; exec sleep 3600");
        var asked = HeaderAsync(credential);
        var pidFile = Path.Combine(_folder.Path, "plugin.pid");
        await Eventually.IsTrueAsync(() => File.Exists(pidFile) && new FileInfo(pidFile).Length > 0, () => "it did not start");

        _time.Advance(TimeSpan.FromMinutes(1));
        var error = await Assert.ThrowsAsync<KubernetesException>(() => asked);

        Assert.Contains("no answer within 60 s", error.Message, StringComparison.Ordinal);
        var pid = (await File.ReadAllTextAsync(pidFile)).Trim();
        await Eventually.IsTrueAsync(() => !Directory.Exists($"/proc/{pid}") || File.ReadAllText($"/proc/{pid}/stat").Contains(") Z", StringComparison.Ordinal), () => $"{pid} still runs");
    }

    private ExecCredential Program(string script) =>
        new(new ExecPlugin(_folder.WriteProgram("plugin", script), ["get-token"], new Dictionary<string, string> { ["COLOUR"] = "blue" }, "client.authentication.k8s.io/v1"), _time);

    private async Task<string?> HeaderAsync(Credential credential) => (await credential.AuthorizationAsync(Ct))?.ToString();
}
