using Microsoft.Extensions.Logging.Abstractions;
using Migration.Local.Cluster;
using Migration.Testing;

namespace Migration.EndToEnd.Tests.Pods;

/// <summary>One cluster for all tests of pods and services, which are asked of the real kubectl. Each test has a namespace of its own.</summary>
public sealed class PodsCluster : IAsyncLifetime
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private const string Name = "pods";
    private static int _spaces;
    private EmbeddedCluster? _cluster;
    private Footprint? _before;

    public EmbeddedCluster Cluster => _cluster!;

    public async ValueTask InitializeAsync()
    {
        _before = await Footprint.OfAsync(Name);
        _cluster = await EmbeddedCluster.StartAsync(new ClusterOptions(Name), NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        if (_before is not null)
            (await Footprint.OfAsync(Name)).AssertNothingLeft(_before);
    }

    public async Task<KubectlSpace> NewSpaceAsync()
    {
        var space = new KubectlSpace($"space-{Interlocked.Increment(ref _spaces)}", Cluster.Paths.Kubeconfig);
        await Shell.RunAsync("kubectl", "--kubeconfig", space.Kubeconfig, "create", "namespace", space.Name);
        return space;
    }
}
