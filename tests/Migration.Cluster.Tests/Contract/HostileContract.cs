using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Migration.Cluster.Tests.Contract;

/// <summary>Whatever arrives, the answer is a status, and the next request is answered as usual.</summary>
public sealed class HostileContract(ContractCluster cluster)
{
    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":\"a\"}")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":[\"a\"]}}")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"labels\":[1]}}")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"ownerReferences\":[{}]}}")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"\\ud800\"}")]
    public async Task Broken_bodies_are_refused(string body)
    {
        await using var space = await cluster.NewSpaceAsync();
        Assert.InRange((await space.Api.PostAsync(space.Core("configmaps"), body)).Code, 400, 422);
        (await space.CreateConfigMapAsync("fine")).Expect(201);
    }

    [Fact]
    public async Task Deep_nesting_is_no_way_to_bring_it_down()
    {
        await using var space = await cluster.NewSpaceAsync();
        foreach (var depth in (int[])[150, 1_000, 100_000])
        {
            var anything = string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
            var code = (await space.CreateGadgetAsync("deep", $$"""{"size":"small","anything":{{anything}} }""")).Code;
            Assert.True(depth == 150 ? code is 201 : code is >= 400 and < 500 || !cluster.IsEmbedded, $"depth {depth}: {code}");
        }
        (await space.CreateConfigMapAsync("fine")).Expect(201);
    }

    [Fact]
    public async Task Bodies_that_are_too_large_are_refused()
    {
        await using var space = await cluster.NewSpaceAsync();
        var refused = await space.CreateConfigMapAsync("big", $$"""{"k":"{{new string('x', 10_000_000)}}"}""");
        refused.ExpectFailure(413, "RequestEntityTooLarge", "limit is 3145728");
        (await space.CreateConfigMapAsync("fine")).Expect(201);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/xml; charset=utf-8")]
    public async Task Bodies_of_other_types_are_refused(string contentType)
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.Api.SendAsync(HttpMethod.Post, space.Core("configmaps"), """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""", contentType))
            .ExpectFailure(415, "UnsupportedMediaType", "the body of the request was in an unknown format");
    }

    [Theory]
    [InlineData("k8s\0")]
    [InlineData("not it at all")]
    [InlineData("k8s\0\u0001\u007f\u007f\u007f")]
    public async Task Broken_protobuf_is_refused(string body)
    {
        await using var space = await cluster.NewSpaceAsync();
        Assert.InRange((await space.Api.SendAsync(HttpMethod.Post, space.Core("configmaps"), body, "application/vnd.kubernetes.protobuf")).Code, 400, 499);
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/configmaps?limit=many")]
    [InlineData("/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=soon")]
    [InlineData("/api/v1/namespaces/default/configmaps?fieldSelector=nonsense")]
    [InlineData("/api/v1/namespaces/default/configmaps?labelSelector=%00")]
    [InlineData("/api/v1/namespaces/default/configmaps?labelSelector=a%20in%20(")]
    public async Task Nonsense_in_queries_is_refused(string path) => Assert.Equal(400, (await cluster.Api.GetAsync(path)).Code);

    [Theory]
    [InlineData("/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets")]
    [InlineData("/api/v1/namespaces//configmaps/a/b/c/d")]
    [InlineData("/api/v1/namespaces/default/configmaps/%00")]
    public async Task Odd_paths_lead_nowhere(string path) => Assert.InRange((await cluster.Api.GetAsync(path)).Code, 300, 499);

    [Fact]
    public async Task A_json_patch_cannot_grow_without_end()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("c", """{"a":"x"}""");
        var doubling = "[" + string.Join(",", Enumerable.Repeat("""{"op":"copy","from":"/data","path":"/data/n"}""", 10_001)) + "]";
        (await space.Api.PatchAsync(space.Core("configmaps/c"), "json", doubling)).Expect(413);
        var bomb = "[" + string.Join(",", Enumerable.Range(0, 60).Select(i => $$"""{"op":"copy","from":"/metadata","path":"/metadata/annotations{{i}}"}""")) + "]";
        Assert.InRange((await space.Api.PatchAsync(space.Core("configmaps/c"), "json", bomb)).Code, 400, 499);
        (await space.Api.GetAsync(space.Core("configmaps/c"))).Expect(200);
    }

    [Fact]
    public async Task Patterns_that_explode_elsewhere_do_not_here()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreateGadgetAsync("g", $$"""{"size":"small","code":"{{new string('a', 100_000)}}!"}""")).ExpectFailure(422, "Invalid");
        (await space.Api.GetAsync(space.Core("pods?labelSelector=") + new string('a', 3000))).Expect(400);
    }

    [Fact]
    public async Task Thousands_of_watches_cut_off_leave_nothing_behind()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g");
        for (var round = 0; round < 10; round++)
        {
            using var client = space.Api.NewClient(false);
            var watches = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ =>
                client.GetAsync(space.Gadgets("?watch=true"), HttpCompletionOption.ResponseHeadersRead)));
            Assert.All(watches, w => Assert.Equal(200, (int)w.StatusCode));
            // The client goes with all its connections; the answers are never read.
        }
        (await space.Api.PatchAsync(space.Gadgets("g"), "merge", """{"spec":{"size":"large"}}""")).Expect(200);
        if (cluster.IsEmbedded)
            await Eventually.TrueAsync(() => Task.FromResult(cluster.Server.OpenWatches < 50), "the server has noticed that the watchers are gone");
    }

    [Fact]
    public async Task Connections_that_say_nothing_sensible_are_dropped()
    {
        for (var i = 0; i < 50; i++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(cluster.Api.Server.Host, cluster.Api.Server.Port);
            if (i % 2 == 0)
            {
                await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
                continue;
            }
            await using var tls = new SslStream(socket.GetStream(), false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync("localhost");
            await tls.WriteAsync(Encoding.ASCII.GetBytes("\0\0\0nonsense\r\n\r\n"));
        }
        (await cluster.Api.GetAsync("/healthz")).Expect(200);
    }
}
