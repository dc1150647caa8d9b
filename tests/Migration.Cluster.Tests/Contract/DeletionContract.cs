namespace Migration.Cluster.Tests.Contract;

public sealed class DeletionContract(ContractCluster cluster)
{
    [Fact]
    public async Task Finalizers_hold_an_object_until_they_are_gone()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("c", "{}", ""","finalizers":["x.example.com/hold"]""");
        var path = space.Core("configmaps/c");
        Assert.NotEmpty((await space.Api.DeleteAsync(path)).Expect(200).Text("metadata", "deletionTimestamp"));
        var held = (await space.Api.GetAsync(path)).Expect(200);
        Assert.NotEmpty(held.Text("metadata", "deletionTimestamp"));
        Assert.Equal(held.Version, (await space.Api.DeleteAsync(path)).Expect(200).Version);
        (await space.Api.PatchAsync(path, "merge", """{"metadata":{"finalizers":null}}""")).Expect(200);
        (await space.Api.GetAsync(path)).Expect(404);
    }

    [Fact]
    public async Task A_running_pod_is_given_time_and_goes_when_its_kubelet_says_so()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p");
        (await space.Api.PostAsync(space.Core("pods/p/binding"), """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"no-such-node"}}""")).Expect(201);
        Assert.Equal("no-such-node", (await space.Api.GetAsync(space.Core("pods/p"))).Text("spec", "nodeName"));
        (await space.Api.PostAsync(space.Core("pods/p/binding"), """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"another"}}""")).ExpectFailure(409, "Conflict", "already assigned to node");
        var ending = (await space.Api.DeleteAsync(space.Core("pods/p?gracePeriodSeconds=50"))).Expect(200);
        Assert.Equal("50", ending.Text("metadata", "deletionGracePeriodSeconds"));
        Assert.Equal("50", (await space.Api.GetAsync(space.Core("pods/p"))).Expect(200).Text("metadata", "deletionGracePeriodSeconds"));
        (await space.Api.DeleteAsync(space.Core("pods/p"), """{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}""")).Expect(200);
        (await space.Api.GetAsync(space.Core("pods/p"))).Expect(404);
    }

    [Fact]
    public async Task A_pod_that_runs_nowhere_goes_at_once()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p");
        await space.CreatePodAsync("q");
        (await space.Api.DeleteAsync(space.Core("pods/p"))).Expect(200);
        (await space.Api.GetAsync(space.Core("pods/p"))).Expect(404);
        (await space.Api.PostAsync(space.Core("pods/q/eviction"), """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"q"}}""")).Expect(201);
        (await space.Api.GetAsync(space.Core("pods/q"))).Expect(404);
    }

    [Fact]
    public async Task Preconditions_protect_from_deleting_another_object()
    {
        await using var space = await cluster.NewSpaceAsync();
        var made = await space.CreateConfigMapAsync("c");
        var path = space.Core("configmaps/c");
        (await space.Api.DeleteAsync(path, """{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"another"}}""")).ExpectFailure(409, "Conflict", "UID in precondition: another");
        (await space.Api.DeleteAsync(path, """{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"1"}}""")).ExpectFailure(409, "Conflict");
        (await space.Api.DeleteAsync(path, $$$"""{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"{{{made.Text("metadata", "uid")}}}"}}""")).Expect(200);
        (await space.Api.DeleteAsync(path)).Expect(404);
    }

    [Fact]
    public async Task Dependents_follow_their_last_owner()
    {
        await using var space = await cluster.NewSpaceAsync();
        var (one, two) = (await space.CreateConfigMapAsync("one"), await space.CreateConfigMapAsync("two"));
        (await space.CreateConfigMapAsync("both", "{}", Owners(("one", one, false), ("two", two, false)))).Expect(201);
        (await space.CreateConfigMapAsync("first", "{}", Owners(("one", one, false)))).Expect(201);
        (await space.Api.DeleteAsync(space.Core("configmaps/one"))).Expect(200);
        await GoneAsync(space, "first");
        (await space.Api.GetAsync(space.Core("configmaps/both"))).Expect(200);
        (await space.Api.DeleteAsync(space.Core("configmaps/two"))).Expect(200);
        await GoneAsync(space, "both");
    }

    [Fact]
    public async Task In_foreground_the_owner_waits_for_its_dependents()
    {
        await using var space = await cluster.NewSpaceAsync();
        var owner = await space.CreateConfigMapAsync("owner");
        await space.CreateConfigMapAsync("held", "{}", Owners(("owner", owner, true)) + ""","finalizers":["x.example.com/hold"]""");
        (await space.Api.DeleteAsync(space.Core("configmaps/owner"), """{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground"}""")).Expect(200);
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(space.Core("configmaps/held"))).Text("metadata", "deletionTimestamp").Length > 0, "the dependent is being deleted");
        (await space.Api.GetAsync(space.Core("configmaps/owner"))).Expect(200);
        (await space.Api.PatchAsync(space.Core("configmaps/held"), "merge", """{"metadata":{"finalizers":null}}""")).Expect(200);
        await GoneAsync(space, "held");
        await GoneAsync(space, "owner");
    }

    [Fact]
    public async Task Orphans_stay_and_forget_their_owner()
    {
        await using var space = await cluster.NewSpaceAsync();
        var owner = await space.CreateConfigMapAsync("owner");
        await space.CreateConfigMapAsync("child", "{}", Owners(("owner", owner, true)));
        (await space.Api.DeleteAsync(space.Core("configmaps/owner?propagationPolicy=Orphan"))).Expect(200);
        await GoneAsync(space, "owner");
        Assert.Empty((await space.Api.GetAsync(space.Core("configmaps/child"))).Expect(200).Text("metadata", "ownerReferences", "0"));
    }

    [Fact]
    public async Task A_selection_is_deleted_together()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("a", """{"app":"x"}""");
        await space.CreatePodAsync("b", """{"app":"x"}""");
        await space.CreatePodAsync("c", """{"app":"y"}""");
        (await space.Api.DeleteAsync(space.Core("pods?labelSelector=app%3Dx"))).Expect(200);
        Assert.Equal(["c"], ListContract.Names((await space.Api.GetAsync(space.Core("pods"))).Expect(200)));
    }

    [Fact]
    public async Task A_namespace_goes_when_it_is_empty_and_takes_nothing_new_meanwhile()
    {
        var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("held", "{}", ""","finalizers":["x.example.com/hold"]""");
        await space.CreateGadgetAsync("g");
        await space.DisposeAsync();
        Assert.Equal("Terminating", (await space.Api.GetAsync($"/api/v1/namespaces/{space.Name}")).Expect(200).Text("status", "phase"));
        (await space.CreateConfigMapAsync("late")).ExpectFailure(403, "Forbidden", "because it is being terminated");
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(space.Gadgets("g"))).Code == 404, "the gadget is gone");
        (await space.Api.PatchAsync(space.Core("configmaps/held"), "merge", """{"metadata":{"finalizers":null}}""")).Expect(200);
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync($"/api/v1/namespaces/{space.Name}")).Code == 404, "the namespace is gone");
    }

    private static string Owners(params (string Name, ApiAnswer Object, bool Blocks)[] owners) => ",\"ownerReferences\":[" + string.Join(",", owners.Select(o =>
        $$"""{"apiVersion":"v1","kind":"ConfigMap","name":"{{o.Name}}","uid":"{{o.Object.Text("metadata", "uid")}}","blockOwnerDeletion":{{(o.Blocks ? "true" : "false")}}}""")) + "]";

    private static Task GoneAsync(TestSpace space, string name) =>
        Eventually.TrueAsync(async () => (await space.Api.GetAsync(space.Core("configmaps/" + name))).Code == 404, $"{name} is gone");
}
