using System.Net;
using Migration.Local.ApiServer;

[assembly: AssemblyFixture(typeof(Migration.Cluster.Tests.Contract.ContractCluster))]

namespace Migration.Cluster.Tests.Contract;

/// <summary>
/// The API server under contract: the embedded one, in this process, or the one that <c>KUBECONFIG</c> names. Assertions of contract tests hold
/// on both. Each test works in a namespace of its own.
/// </summary>
public sealed class ContractCluster : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("contract-").FullName;
    private CertificateAuthority? _authority;
    private EmbeddedApiServer? _server;

    public bool IsEmbedded => _server is not null;

    public string KubeconfigPath { get; private set; } = "";

    public ApiConnection Api { get; private set; } = null!;

    /// <summary>The embedded server, for what only it can be asked to do.</summary>
    internal EmbeddedApiServer Server => _server ?? throw new InvalidOperationException("this test needs the embedded API server");

    public async ValueTask InitializeAsync()
    {
        KubeconfigPath = Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } given ? given : await StartEmbeddedAsync();
        Api = new ApiConnection(KubeconfigPath);
        await DefineGadgetsAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        _authority?.Dispose();
        Directory.Delete(_directory, true);
    }

    public async Task<TestSpace> NewSpaceAsync()
    {
        var created = await Api.PostAsync("/api/v1/namespaces", """{"apiVersion":"v1","kind":"Namespace","metadata":{"generateName":"contract-"}}""");
        created.Expect(201);
        return new TestSpace(this, created.Text("metadata", "name"));
    }

    /// <summary>Runs kubectl ($MIGRATION_KUBECTL, else the installed one) with its cache in our directory.</summary>
    public Task<KubectlRun> KubectlAsync(string? input, string[] arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        KubectlRun.StartAsync(KubeconfigPath, Path.Combine(_directory, "cache"), input, arguments, environment);

    private async Task<string> StartEmbeddedAsync()
    {
        _authority = CertificateAuthority.Create("contract-tests", TimeProvider.System);
        _server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { Authority = _authority, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], PodLogs = ShortLog, AdminToken = "contract-token" },
            CancellationToken.None);
        var path = Path.Combine(_directory, "kubeconfig");
        _server.WriteKubeconfig(path);
        return path;
    }

    private static Task<Stream> ShortLog(string podNamespace, string podName, string container, PodLogOptions options, CancellationToken ct) =>
        Task.FromResult<Stream>(new MemoryStream(System.Text.Encoding.UTF8.GetBytes($"{podName}/{container} says hello, tail {options.TailLines}\n")));

    private async Task DefineGadgetsAsync()
    {
        var applied = await Api.SendAsync(HttpMethod.Patch,
            $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{Gadgets.DefinitionName}?fieldManager=contract&force=true",
            Gadgets.Definition, "application/apply-patch+yaml");
        Assert.True(applied.Code is 200 or 201, applied.ToString());
        await Eventually.TrueAsync(async () => (await Api.GetAsync("/apis/contract.example.com/v1")).Code == 200, "the gadgets are served");
    }
}
