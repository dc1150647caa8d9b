using System.Net;
using System.Text.Json.Nodes;
using Migration.Cluster.Tests.Contract;
using Migration.Local.ApiServer;

namespace Migration.Cluster.Tests;

/// <summary>An embedded API server that keeps its objects, and the one that comes after it.</summary>
public sealed class KeptStateTests : IAsyncLifetime
{
    private const string Map = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"k":"1"}}""";
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kept-");
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("kept-tests", TimeProvider.System);

    private string Journal => Path.Combine(_directory.FullName, "objects.log");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _authority.Dispose();
        _directory.Delete(true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Objects_definitions_and_versions_go_on()
    {
        string uid, version;
        await using (var first = await StartAsync())
        {
            using var api = Connect(first);
            (await api.SendAsync(HttpMethod.Patch, $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{Gadgets.DefinitionName}?fieldManager=t", Gadgets.Definition,
                "application/apply-patch+yaml")).Expect(201);
            (await api.PostAsync("/apis/contract.example.com/v1/namespaces/default/gadgets",
                """{"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"g"},"spec":{"size":"small"}}""")).Expect(201);
            uid = (await api.PostAsync(Maps, Map)).Expect(201).Text("metadata", "uid");
            (await api.PostAsync(Maps, Map.Replace("\"m\"", "\"gone\"", StringComparison.Ordinal))).Expect(201);
            (await api.DeleteAsync($"{Maps}/gone")).Expect(200);
            version = (await api.PatchAsync($"{Maps}/m", "merge", """{"data":{"k":"2"}}""")).Expect(200).Version;
        }
        await using var second = await StartAsync();
        using var again = Connect(second);
        var kept = (await again.GetAsync($"{Maps}/m")).Expect(200);
        Assert.Equal((uid, version, "2"), (kept.Text("metadata", "uid"), kept.Version, kept.Text("data", "k")));
        (await again.GetAsync($"{Maps}/gone")).Expect(404);
        Assert.Equal("small", (await again.GetAsync("/apis/contract.example.com/v1/namespaces/default/gadgets/g")).Expect(200).Text("spec", "size"));
        Assert.True(ulong.Parse((await again.PatchAsync($"{Maps}/m", "merge", """{"data":{"k":"3"}}""")).Expect(200).Version) > ulong.Parse(version));
    }

    [Fact]
    public async Task A_watch_from_before_has_to_list_again()
    {
        string version;
        await using (var first = await StartAsync())
        {
            using var api = Connect(first);
            version = (await api.PostAsync(Maps, Map)).Expect(201).Version;
            (await api.PatchAsync($"{Maps}/m", "merge", """{"data":{"k":"2"}}""")).Expect(200);
        }
        await using var second = await StartAsync();
        using var again = Connect(second);
        using var watch = await again.WatchAsync($"{Maps}?watch=1&resourceVersion={version}");
        var told = Assert.IsType<JsonObject>(await watch.NextAsync(), exactMatch: false);
        Assert.Equal(("ERROR", 410), ((string)told["type"]!, (int)told["object"]!["code"]!));
    }

    [Fact]
    public async Task A_token_of_before_is_still_good()
    {
        string token;
        await using (var first = await StartAsync())
        {
            using var api = Connect(first);
            token = (await api.PostAsync("/api/v1/namespaces/default/serviceaccounts/default/token",
                """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""")).Expect(201).Text("status", "token");
        }
        await using var second = await StartAsync();
        using var again = Connect(second);
        using var client = again.NewClient(anonymous: true);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(new Uri(second.Url, Maps))).StatusCode);
    }

    [Fact]
    public async Task Every_way_of_cutting_the_file_off_is_told_with_its_name()
    {
        await StopAsync(await StartAsync());
        var whole = await File.ReadAllBytesAsync(Journal);
        foreach (var length in (int[])[0, 1, 20, whole.Length / 2, whole.Length - 1])
        {
            await File.WriteAllBytesAsync(Journal, whole[..length]);
            var failure = await Assert.ThrowsAsync<InvalidDataException>(StartAsync);
            Assert.StartsWith(Journal, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_damaged_byte_is_told_with_its_place()
    {
        await StopAsync(await StartAsync());
        var bytes = await File.ReadAllBytesAsync(Journal);
        bytes[^10] ^= 1;
        await File.WriteAllBytesAsync(Journal, bytes);
        var failure = await Assert.ThrowsAsync<InvalidDataException>(StartAsync);
        Assert.StartsWith($"{Journal}: damaged: the line at byte ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_was_killed_loses_nothing_that_it_had_answered()
    {
        await using var killed = await StartAsync();
        using (var api = Connect(killed))
            (await api.PostAsync(Maps, Map)).Expect(201);
        // Nothing is closed or flushed first: what is in the file now is what a killed server leaves.
        var copy = Directory.CreateDirectory(Path.Combine(_directory.FullName, "copy"));
        File.Copy(Journal, Path.Combine(copy.FullName, "objects.log"));
        await using var second = await StartAsync(copy.FullName);
        using var again = Connect(second);
        (await again.GetAsync($"{Maps}/m")).Expect(200);
    }

    [Fact]
    public async Task The_file_is_written_anew_before_it_grows_for_ever()
    {
        await using (var first = await StartAsync())
        {
            using var api = Connect(first);
            (await api.PostAsync(Maps, Map)).Expect(201);
            for (var i = 0; i < 2100; i++)
                (await api.PatchAsync($"{Maps}/m", "merge", $$$"""{"data":{"k":"{{{i}}}"}}""")).Expect(200);
        }
        Assert.True((await File.ReadAllLinesAsync(Journal)).Length < 1000, "the journal was never rewritten");
        await using var second = await StartAsync();
        using var again = Connect(second);
        Assert.Equal("2099", (await again.GetAsync($"{Maps}/m")).Expect(200).Text("data", "k"));
    }

    private static async Task StopAsync(EmbeddedApiServer server) => await server.DisposeAsync();

    private Task<EmbeddedApiServer> StartAsync() => StartAsync(_directory.FullName);

    private Task<EmbeddedApiServer> StartAsync(string directory) => EmbeddedApiServer.StartAsync(
        new ApiServerOptions { Authority = _authority, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], StateDirectory = directory }, CancellationToken.None);

    private ApiConnection Connect(EmbeddedApiServer server)
    {
        var path = Path.Combine(_directory.FullName, "kubeconfig");
        server.WriteKubeconfig(path);
        return new ApiConnection(path);
    }
}
