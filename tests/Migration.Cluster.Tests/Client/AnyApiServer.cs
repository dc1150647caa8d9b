using System.Net;
using Migration.Kubernetes;
using Migration.Local.ApiServer;

namespace Migration.Cluster.Tests.Client;

/// <summary>The API server that <c>KUBECONFIG</c> names, or an embedded one; and a client with the administrator's rights.</summary>
public sealed class AnyApiServer : IAsyncLifetime
{
    /// <summary>Nothing takes that long unless it hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("migration-cluster-");
    private CertificateAuthority? _authority;

    /// <summary>Null when the server is somebody else's.</summary>
    public EmbeddedApiServer? Embedded { get; private set; }

    public KubernetesConfig Config { get; private set; } = null!;

    public KubernetesClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Config = Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } path ? KubernetesConfig.FromKubeconfig(path) : await StartAsync();
        Client = new KubernetesClient(Config);
    }

    /// <summary>A namespace of one test.</summary>
    public async Task<string> NamespaceAsync(CancellationToken ct)
    {
        var made = await Client.For(Kinds.Namespaces).CreateAsync(new Namespace { Metadata = new ObjectMeta { GenerateName = "client-tests-" } }, ct);
        return made.Metadata.Name!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (Embedded is not null)
            await Embedded.DisposeAsync();
        else
            await DeleteNamespacesAsync();
        _authority?.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<KubernetesConfig> StartAsync()
    {
        _authority = CertificateAuthority.Create("client-tests", TimeProvider.System);
        Embedded = await EmbeddedApiServer.StartAsync(new ApiServerOptions { Authority = _authority, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)] }, default);
        var path = Path.Combine(_folder.FullName, "config");
        Embedded.WriteKubeconfig(path);
        return KubernetesConfig.FromKubeconfig(path);
    }

    private async Task DeleteNamespacesAsync()
    {
        using var client = new KubernetesClient(Config);
        var namespaces = client.For(Kinds.Namespaces);
        foreach (var one in await namespaces.ListAsync(ListOptions.All, default))
            if (one.Metadata.Name!.StartsWith("client-tests-", StringComparison.Ordinal))
                await namespaces.EnsureDeletedAsync(one, DeleteOptions.Default, default);
    }
}
