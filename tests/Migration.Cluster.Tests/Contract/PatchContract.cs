using System.Text.Json.Nodes;

namespace Migration.Cluster.Tests.Contract;

public sealed class PatchContract(ContractCluster cluster)
{
    [Theory]
    [InlineData("""[{"op":"add","path":"/data/b","value":"2"}]""", """{"a":"1","b":"2"}""")]
    [InlineData("""[{"op":"replace","path":"/data/a","value":"2"}]""", """{"a":"2"}""")]
    [InlineData("""[{"op":"test","path":"/data/a","value":"1"},{"op":"remove","path":"/data/a"},{"op":"add","path":"/data/c","value":"3"}]""", """{"c":"3"}""")]
    [InlineData("""[{"op":"copy","from":"/data/a","path":"/data/x"},{"op":"add","path":"/data/b~0~1","value":""},{"op":"remove","path":"/data/b~0~1"}]""", """{"a":"1","x":"1"}""")]
    [InlineData("""[{"op":"move","from":"/data/a","path":"/data/z"}]""", """{"z":"1"}""")]
    public async Task Json_patches_apply_in_order(string patch, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("c", """{"a":"1"}""");
        var answer = await space.Api.PatchAsync(space.Core("configmaps/c"), "json", patch);
        Same(expected, answer.Expect(200).Find("data"));
    }

    [Theory]
    [InlineData("""[{"op":"test","path":"/data/a","value":"2"}]""", 422)]
    [InlineData("""[{"op":"remove","path":"/data/nothing"}]""", 422)]
    [InlineData("""[{"op":"replace","path":"/nothing/at/all","value":1}]""", 422)]
    [InlineData("""{"op":"remove"}""", 400)]
    [InlineData("""[{"op":"rem""", 400)]
    public async Task Json_patches_that_cannot_be_applied_change_nothing(string patch, int code)
    {
        await using var space = await cluster.NewSpaceAsync();
        var before = await space.CreateConfigMapAsync("c", """{"a":"1"}""");
        (await space.Api.PatchAsync(space.Core("configmaps/c"), "json", patch)).Expect(code);
        Assert.Equal(before.Version, (await space.Api.GetAsync(space.Core("configmaps/c"))).Version);
    }

    [Fact]
    public async Task Merge_patches_replace_members_and_remove_by_null()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g", """{"size":"small","code":"abc","tags":["a","b"],"anything":{"x":{"y":1}}}""");
        var patched = (await space.Api.PatchAsync(space.Gadgets("g"), "merge", """{"spec":{"code":null,"tags":["c"],"anything":{"x":{"z":2}}}}""")).Expect(200);
        Same("""{"size":"small","replicas":1,"tags":["c"],"anything":{"x":{"y":1,"z":2}}}""", patched.Find("spec"));
    }

    /// <summary>A pod with two containers, patched; then what the named part has become.</summary>
    [Theory]
    [InlineData("an item is patched by its name", """{"spec":{"containers":[{"name":"b","image":"new:1"}]}}""", "a=busybox:1 b=new:1")]
    [InlineData("order alone changes nothing", """{"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],"containers":[{"name":"a","image":"new:2"}]}}""", "a=new:2 b=busybox:1")]
    public async Task Strategic_patches_know_lists_that_are_maps(string why, string patch, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.Api.PostAsync(space.Core("pods"), """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"schedulerName":"nobody","containers":[{"name":"a","image":"busybox:1"},{"name":"b","image":"busybox:1"}]}}
            """)).Expect(201);
        var patched = (await space.Api.PatchAsync(space.Core("pods/p"), "strategic", patch)).Expect(200);
        Assert.True(expected == string.Join(' ', patched.Find("spec", "containers")!.AsArray().Select(c => $"{c!["name"]}={c["image"]}")), why);
    }

    [Theory]
    [InlineData("added", """{"spec":{"ports":[{"port":443,"name":"tls"}]}}""", "443 80 90")]
    [InlineData("deleted by directive", """{"spec":{"ports":[{"port":90,"$patch":"delete"}]}}""", "80")]
    [InlineData("replaced by directive", """{"spec":{"ports":[{"port":70},{"$patch":"replace"}]}}""", "70")]
    [InlineData("deleted when absent", """{"spec":{"ports":[{"port":1,"$patch":"delete"}]}}""", "80 90")]
    public async Task Strategic_patches_add_delete_and_replace_items(string why, string patch, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.Api.PostAsync(space.Core("services"), """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80,"name":"a"},{"port":90,"name":"b"}]}}
            """)).Expect(201);
        var patched = (await space.Api.PatchAsync(space.Core("services/s"), "strategic", patch)).Expect(200);
        Assert.True(expected == string.Join(' ', patched.Find("spec", "ports")!.AsArray().Select(p => p!["port"]!.ToString()).Order(StringComparer.Ordinal)), $"{why}: {patched}");
    }

    [Fact]
    public async Task Strategic_patches_handle_sets_of_plain_values()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("c", "{}", ""","finalizers":["x.example.com/a","x.example.com/b"]""");
        var path = space.Core("configmaps/c");
        var patched = (await space.Api.PatchAsync(path, "strategic", """{"metadata":{"finalizers":["x.example.com/c"]}}""")).Expect(200);
        Same("""["x.example.com/a","x.example.com/b","x.example.com/c"]""", patched.Find("metadata", "finalizers"));
        patched = (await space.Api.PatchAsync(path, "strategic", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["x.example.com/a","x.example.com/c"]}}""")).Expect(200);
        Same("""["x.example.com/b"]""", patched.Find("metadata", "finalizers"));
        (await space.Api.PatchAsync(path, "merge", """{"metadata":{"finalizers":null}}""")).Expect(200);
    }

    [Fact]
    public async Task A_patch_must_be_of_a_kind_that_is_understood()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g");
        (await space.Api.SendAsync(HttpMethod.Patch, space.Gadgets("g"), "{}", "application/json")).ExpectFailure(415, "UnsupportedMediaType");
        (await space.Api.PatchAsync(space.Gadgets("g"), "strategic", "{}")).ExpectFailure(415, "UnsupportedMediaType", "application/merge-patch+json");
        (await space.Api.PatchAsync(space.Gadgets("nobody"), "merge", "{}")).ExpectFailure(404, "NotFound", "gadgets.contract.example.com \"nobody\" not found");
    }

    [Fact]
    public async Task A_patch_with_an_old_version_is_a_conflict()
    {
        await using var space = await cluster.NewSpaceAsync();
        var old = await space.CreateConfigMapAsync("c", """{"a":"1"}""");
        (await space.Api.PatchAsync(space.Core("configmaps/c"), "merge", """{"data":{"a":"2"}}""")).Expect(200);
        (await space.Api.PatchAsync(space.Core("configmaps/c"), "merge", $$$"""{"metadata":{"resourceVersion":"{{{old.Version}}}"},"data":{"a":"3"}}""")).ExpectFailure(409, "Conflict");
    }

    [Fact]
    public async Task Patches_that_race_all_count()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("c");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            (await space.Api.PatchAsync(space.Core("configmaps/c"), "merge", $$$"""{"data":{"k{{{i}}}":"v"}}""")).Expect(200)));
        Assert.Equal(4, (await space.Api.GetAsync(space.Core("configmaps/c"))).Find("data")!.AsObject().Count);
    }

    internal static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}, got {actual?.ToJsonString() ?? "nothing"}");
}
