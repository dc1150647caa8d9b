using System.Net;
using Migration.Cluster.Tests.Contract;
using Migration.Local.ApiServer;

namespace Migration.Cluster.Tests;

/// <summary>The manifests we deliver, served by the embedded API server.</summary>
public sealed class ManifestTests
{
    [Fact]
    public async Task Our_definitions_are_loaded_and_served_before_the_first_request()
    {
        using var authority = CertificateAuthority.Create("manifest-tests", TimeProvider.System);
        await using var server = await StartAsync(authority);
        using var api = Connect(server);
        foreach (var plural in (string[])["virtualmachineinstances", "virtualmachineinstancemigrations"])
            (await api.GetAsync($"/apis/kubevirt.io/v1/{plural}")).Expect(200);
        var migration = (await api.PostAsync("/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstancemigrations", """
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"generateName":"m-"},"spec":{"vmiName":"vm"}}
            """)).Expect(201);
        Assert.StartsWith("m-", migration.Text("metadata", "name"), StringComparison.Ordinal);
        (await api.PostAsync("/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances", """
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"x"},"spec":{}}
            """)).ExpectFailure(422, "Invalid", "VirtualMachineInstance.kubevirt.io \"x\" is invalid: spec.domain: Required value");
    }

    [Fact]
    public async Task A_manifest_that_cannot_be_loaded_stops_the_start_and_names_the_file()
    {
        using var authority = CertificateAuthority.Create("manifest-tests", TimeProvider.System);
        var directory = Directory.CreateTempSubdirectory("manifests-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "bad.yaml"), "apiVersion: v1\nkind: Nonsense\n");
            var failure = await Assert.ThrowsAsync<InvalidDataException>(() => StartAsync(authority, directory.FullName));
            Assert.Contains("bad.yaml: no matches for kind \"Nonsense\" in version \"v1\"", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(true);
        }
    }

    [Fact]
    public async Task A_certificate_of_the_authority_is_a_user_and_another_is_nobody()
    {
        using var authority = CertificateAuthority.Create("manifest-tests", TimeProvider.System);
        using var stranger = CertificateAuthority.Create("manifest-tests", TimeProvider.System);
        await using var server = await StartAsync(authority);
        Assert.Equal(200, await AskAsync(server, authority.Issue("somebody", "system:masters")));
        Assert.Equal(403, await AskAsync(server, authority.Issue("migration:controllers", "migration")));
        Assert.Equal(0, await AskAsync(server, stranger.Issue("migration:controllers", "migration")));
    }

    [Fact]
    public async Task Everything_in_deploy_is_applied_without_a_warning_and_a_second_time_without_a_change()
    {
        using var authority = CertificateAuthority.Create("manifest-tests", TimeProvider.System);
        await using var server = await StartAsync(authority);
        var folder = Directory.CreateTempSubdirectory("deploy-");
        try
        {
            var kubeconfig = Path.Combine(folder.FullName, "kubeconfig");
            server.WriteKubeconfig(kubeconfig);
            Task<KubectlRun> Kubectl(params string[] arguments) => KubectlRun.StartAsync(kubeconfig, folder.FullName, null, [.. arguments, "-k", Path.Combine(Root(), "deploy")], null);
            var applied = await Kubectl("apply", "--server-side");
            Assert.Contains("deployment.apps/migration-controllers serverside-applied", applied.Ok(), StringComparison.Ordinal);
            Assert.Equal("", applied.Errors);
            Assert.Equal("", (await Kubectl("diff", "--server-side")).Ok());
            var tried = await Kubectl("apply", "--server-side", "--dry-run=server");
            Assert.Contains("daemonset.apps/migration-node serverside-applied (server dry run)", tried.Ok(), StringComparison.Ordinal);
            Assert.Equal("", tried.Errors);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    /// <summary>The code of an answer, 0 when the connection was refused.</summary>
    private static async Task<int> AskAsync(EmbeddedApiServer server, IssuedCertificate certificate)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate.Certificate;
        using var client = new HttpClient(handler);
        try
        {
            return (int)(await client.GetAsync(new Uri(server.Url, "/api/v1/nodes"))).StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    private static Task<EmbeddedApiServer> StartAsync(CertificateAuthority authority, string? manifests = null) => EmbeddedApiServer.StartAsync(
        new ApiServerOptions { Authority = authority, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], ManifestDirectory = manifests ?? Path.Combine(Root(), "deploy", "crds") },
        CancellationToken.None);

    private static ApiConnection Connect(EmbeddedApiServer server)
    {
        var path = Path.GetTempFileName();
        server.WriteKubeconfig(path);
        try
        {
            return new ApiConnection(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Migration.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the repository's root was not found");
        return directory.FullName;
    }
}
