using System.Text;
using Migration.Testing;

namespace Migration.Kubernetes.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestCertificates _certificates = new();

    public void Dispose()
    {
        _folder.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Context_cluster_and_user_are_put_together()
    {
        var path = _folder.Write("config", """
            apiVersion: v1
            kind: Config
            current-context: two
            contexts:
            - {name: one, context: {cluster: c, user: none}}
            - {name: two, context: {cluster: c, user: u, namespace: web}}
            clusters:
            - name: c
              cluster: {server: "https://10.0.0.1:6443/base", insecure-skip-tls-verify: true, tls-server-name: api.example}
            users:
            - {name: u, user: {token: secret}}
            """);

        var config = KubernetesConfig.FromKubeconfig(path);

        Assert.Equal(new Uri("https://10.0.0.1:6443/base"), config.Server);
        Assert.Equal(("web", true, "api.example"), (config.Namespace, config.SkipTlsVerify, config.TlsServerName));
        Assert.Equal("Bearer secret", (await config.Credential!.AuthorizationAsync(default))!.ToString());
        Assert.Null(config.CertificateAuthorities);
        Assert.Null(config.ClientCertificate);
        Assert.Contains("no user \"none\"", Assert.Throws<KubeconfigException>(() => KubernetesConfig.FromKubeconfig(path, "one")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Certificates_come_from_data_or_from_files_beside_the_kubeconfig(bool data)
    {
        var (certificate, key) = _certificates.Issue("me");
        string Given(string name, string pem)
        {
            if (data)
                return $"{name}-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(pem))}";
            _folder.Write($"pki/{name}.pem", pem);
            return $"{name}: pki/{name}.pem";
        }
        var path = _folder.Write("config", $$$"""
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://localhost", {{{Given("certificate-authority", _certificates.AuthorityPem)}}}}}]
            users: [{name: u, user: { {{{Given("client-certificate", certificate)}}}, {{{Given("client-key", key)}}} }}]
            """);

        var config = KubernetesConfig.FromKubeconfig(path);

        Assert.Equal("CN=test authority", Assert.Single(config.CertificateAuthorities!).Subject);
        Assert.Equal("CN=me", config.ClientCertificate!.Subject);
        Assert.True(config.ClientCertificate.HasPrivateKey);
    }

    [Fact]
    public void Of_several_files_the_first_to_say_something_wins_and_paths_belong_to_their_file()
    {
        _folder.Write("b/ca.pem", _certificates.AuthorityPem);
        var a = _folder.Write("a/config", """
            contexts: [{name: x, context: {cluster: c, namespace: from-a}}]
            users: []
            """);
        var b = _folder.Write("b/config", """
            current-context: x
            contexts: [{name: x, context: {cluster: c, namespace: from-b}}]
            clusters: [{name: c, cluster: {server: "https://localhost", certificate-authority: ca.pem}}]
            """);

        var config = KubernetesConfig.FromKubeconfig($"{a}:{_folder.Path}/missing:{b}");

        Assert.Equal("from-a", config.Namespace);
        Assert.Single(config.CertificateAuthorities!);
    }

    [Theory]
    [InlineData("just a text", "not a YAML mapping")]
    [InlineData("a: [1", "config: ")]
    [InlineData("contexts: []", "no current-context")]
    [InlineData("current-context: x", "there is no context \"x\"")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {}}]", "context \"x\" names no cluster")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "there is no cluster \"c\"")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {}}]", "cluster \"c\" has no server")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: nowhere}}]", "server \"nowhere\" is not an http or https address")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: \"https://a\", insecure-skip-tls-verify: maybe}}]", "neither true nor false")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: \"https://a\", certificate-authority: nope.pem}}]", "nope.pem")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: \"https://a\", certificate-authority-data: '!'}}]", "certificate-authority-data")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: \"https://a\"}}]\nusers: [{name: u, user: {client-certificate-data: AAAA}}]", "has a client-certificate but no client-key")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: \"https://a\"}}]\nusers: [{name: u, user: {exec: {command: aws}}}]", "exec has no apiVersion")]
    [InlineData("current-context: x\ncontexts: {}", "contexts is not a list")]
    public void What_is_wrong_is_said_with_the_file_and_the_place(string text, string why)
    {
        var path = _folder.Write("config", text);

        var error = Assert.Throws<KubeconfigException>(() => KubernetesConfig.FromKubeconfig(path));

        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        Assert.Contains("/nowhere/config", Assert.Throws<KubeconfigException>(() => KubernetesConfig.FromKubeconfig("/nowhere/config")).Message, StringComparison.Ordinal);
        Assert.Contains("none of the files exists", Assert.Throws<KubeconfigException>(() => KubernetesConfig.FromKubeconfig("/nowhere/a:/nowhere/b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_file_beats_a_token_and_a_program_is_the_last_resort()
    {
        _folder.Write("token", "from-file\n");
        string Config(string user) => $$$"""
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://localhost"}}]
            users: [{name: u, user: { {{{user}}} }}]
            """;
        async Task<string?> HeaderAsync(string user) =>
            (await KubernetesConfig.FromKubeconfig(_folder.Write("config", Config(user))).Credential!.AuthorizationAsync(default))?.ToString();

        Assert.Equal("Bearer from-file", await HeaderAsync("token: inline, tokenFile: token"));
        Assert.Equal("Bearer inline", await HeaderAsync("token: inline, username: u, password: p, exec: {command: /nowhere, apiVersion: v1}"));
        Assert.Equal("Basic dTpw", await HeaderAsync("username: u, password: p"));
    }

    [Fact]
    public async Task A_pod_finds_its_server_its_namespace_and_its_token()
    {
        _folder.Write("ca.crt", _certificates.AuthorityPem);
        _folder.Write("token", "pod-token");
        _folder.Write("namespace", "web\n");
        var environment = new Dictionary<string, string> { ["KUBERNETES_SERVICE_HOST"] = "fd00::1", ["KUBERNETES_SERVICE_PORT"] = "443" };

        var config = KubernetesConfig.InCluster(_folder.Path, environment.GetValueOrDefault, new ManualTime());

        Assert.Equal(("https://[fd00::1]/", "web"), (config.Server.AbsoluteUri, config.Namespace));
        Assert.Equal("Bearer pod-token", (await config.Credential!.AuthorizationAsync(default))!.ToString());
        Assert.Single(config.CertificateAuthorities!);
    }

    [Fact]
    public void Outside_a_pod_in_cluster_says_so()
    {
        Assert.Contains("not in a pod", Assert.Throws<KubeconfigException>(() => KubernetesConfig.InCluster(_folder.Path, _ => null, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Contains("ca.crt is not there", Assert.Throws<KubeconfigException>(() => KubernetesConfig.InCluster(_folder.Path, _ => "1", TimeProvider.System)).Message, StringComparison.Ordinal);
    }
}
