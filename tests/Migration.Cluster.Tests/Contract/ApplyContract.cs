namespace Migration.Cluster.Tests.Contract;

public sealed class ApplyContract(ContractCluster cluster)
{
    [Fact]
    public async Task An_apply_creates_then_changes_then_does_nothing()
    {
        await using var space = await cluster.NewSpaceAsync();
        var created = (await ApplyAsync(space, "one", "data: {a: '1', b: '2'}")).Expect(201);
        var entry = Assert.Single(created.Find("metadata", "managedFields")!.AsArray())!;
        Assert.Equal(("one", "Apply", "FieldsV1"), ((string?)entry["manager"], (string?)entry["operation"], (string?)entry["fieldsType"]));
        PatchContract.Same("""{"f:data":{"f:a":{},"f:b":{}}}""", entry["fieldsV1"]);
        var changed = (await ApplyAsync(space, "one", "data: {a: '1', c: '3'}")).Expect(200);
        PatchContract.Same("""{"a":"1","c":"3"}""", changed.Find("data"));
        Assert.Equal(changed.Version, (await ApplyAsync(space, "one", "data: {a: '1', c: '3'}")).Expect(200).Version);
    }

    [Fact]
    public async Task Who_wants_another_value_than_its_owner_conflicts_unless_by_force()
    {
        await using var space = await cluster.NewSpaceAsync();
        await ApplyAsync(space, "one", "data: {a: '1', b: '2'}");
        var refused = (await ApplyAsync(space, "two", "data: {a: '9'}")).ExpectFailure(409, "Conflict", "Apply failed with 1 conflict: conflict with \"one\"");
        Assert.Equal(("FieldManagerConflict", ".data.a"), (refused.Text("details", "causes", "0", "reason"), refused.Text("details", "causes", "0", "field")));
        (await ApplyAsync(space, "two", "data: {a: '9'}", "&force=true")).Expect(200);
        // The first manager no longer owns a; it gives it up silently and keeps what it has.
        var after = (await ApplyAsync(space, "one", "data: {b: '2'}")).Expect(200);
        PatchContract.Same("""{"a":"9","b":"2"}""", after.Find("data"));
    }

    [Fact]
    public async Task Values_that_two_agree_on_stay_until_both_give_them_up()
    {
        await using var space = await cluster.NewSpaceAsync();
        await ApplyAsync(space, "one", "data: {a: '1'}");
        (await ApplyAsync(space, "two", "data: {a: '1', b: '2'}")).Expect(200);
        PatchContract.Same("""{"a":"1","b":"2"}""", (await ApplyAsync(space, "one", "data: {}")).Expect(200).Find("data"));
        PatchContract.Same("""{"b":"2"}""", (await ApplyAsync(space, "two", "data: {b: '2'}")).Expect(200).Find("data"));
    }

    [Fact]
    public async Task An_ordinary_write_takes_ownership()
    {
        await using var space = await cluster.NewSpaceAsync();
        await ApplyAsync(space, "one", "data: {a: '1'}");
        (await space.Api.PatchAsync(space.Core("configmaps/c") + "?fieldManager=hand", "merge", """{"data":{"a":"2"}}""")).Expect(200);
        (await ApplyAsync(space, "one", "data: {a: '1'}")).ExpectFailure(409, "Conflict", "conflict with \"hand\"");
    }

    [Fact]
    public async Task Lists_with_keys_are_shared_item_by_item()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await ApplyGadgetAsync(space, "one", "size: small, tags: [x], parts: [{name: a, count: 1}, {name: b, count: 2}]")).Expect(201);
        var both = (await ApplyGadgetAsync(space, "two", "size: small, tags: [w], parts: [{name: c, colour: red}, {name: a, colour: blue}]")).Expect(200);
        Assert.Equal(["a", "b", "c"], both.Find("spec", "parts")!.AsArray().Select(p => (string?)p!["name"]).Order(StringComparer.Ordinal));
        PatchContract.Same("""["x","w"]""", both.Find("spec", "tags"));
        // Its item b goes with it; of item a it takes its own field only.
        var rest = (await ApplyGadgetAsync(space, "one", "size: small")).Expect(200);
        Assert.Equal(["a", "c"], rest.Find("spec", "parts")!.AsArray().Select(p => (string?)p!["name"]).Order(StringComparer.Ordinal));
        PatchContract.Same("""["w"]""", rest.Find("spec", "tags"));
    }

    [Fact]
    public async Task Status_is_applied_through_its_own_door()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await ApplyGadgetAsync(space, "one", "size: small")).Expect(201);
        var path = space.Gadgets("g") + "/status?fieldManager=controller";
        var body = """{"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"g"},"spec":{"size":"large"},"status":{"phase":"Up"}}""";
        var applied = (await space.Api.PatchAsync(path, "apply", body)).Expect(200);
        Assert.Equal(("Up", "small"), (applied.Text("status", "phase"), applied.Text("spec", "size")));
        var entry = applied.Find("metadata", "managedFields")!.AsArray().Single(m => (string?)m!["manager"] == "controller")!;
        Assert.Equal("status", (string?)entry["subresource"]);
        Assert.Equal("Up", (await ApplyGadgetAsync(space, "one", "size: small")).Expect(200).Text("status", "phase"));
    }

    [Theory]
    [InlineData("", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}", "fieldManager")]
    [InlineData("?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, managedFields: [{manager: x}]}", "metadata.managedFields must be nil")]
    [InlineData("?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}", "name")]
    [InlineData("?fieldManager=x", "[1, 2]", "")]
    [InlineData("?fieldManager=x", "a: [", "")]
    public async Task An_apply_that_makes_no_sense_is_refused(string query, string body, string message)
    {
        await using var space = await cluster.NewSpaceAsync();
        var refused = await space.Api.PatchAsync(space.Core("configmaps/c") + query, "apply", body);
        Assert.True(refused.Code is 400 or 422, refused.ToString());
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private static Task<ApiAnswer> ApplyAsync(TestSpace space, string manager, string data, string more = "") =>
        space.Api.PatchAsync(space.Core($"configmaps/c?fieldManager={manager}{more}"), "apply", $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\n{data}\n");

    private static Task<ApiAnswer> ApplyGadgetAsync(TestSpace space, string manager, string spec) =>
        space.Api.PatchAsync(space.Gadgets($"g?fieldManager={manager}"), "apply",
            $"apiVersion: contract.example.com/v1\nkind: Gadget\nmetadata: {{name: g}}\nspec: {{{spec}}}\n");
}
