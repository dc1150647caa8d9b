
namespace Migration.Cluster.Tests.Contract;

/// <summary>Evictions: webhooks and disruption budgets decide, and kubectl drain gets along with it.</summary>
public sealed class EvictionContract(ContractCluster cluster)
{
    private const string Budget = """{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}""";

    [Fact]
    public async Task An_eviction_deletes_the_pod()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreatePodAsync("p")).Expect(201);
        var evicted = (await EvictAsync(space, "p")).Expect(201);
        Assert.Equal("Success", evicted.Text("status"));
        (await space.Api.GetAsync(space.Core("pods/p"))).Expect(404);
        (await EvictAsync(space, "p")).ExpectFailure(404, "NotFound", "pods \"p\" not found");
    }

    [Fact]
    public async Task An_eviction_tried_out_leaves_the_pod()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreatePodAsync("p")).Expect(201);
        (await EvictAsync(space, "p", ""","deleteOptions":{"dryRun":["All"]}""")).Expect(201);
        Assert.Equal("", (await space.Api.GetAsync(space.Core("pods/p"))).Expect(200).Text("metadata", "deletionTimestamp"));
    }

    [Fact]
    public async Task A_webhook_may_ask_for_patience()
    {
        await using var space = await cluster.NewSpaceAsync();
        var moving = true;
        await using var webhook = await TestWebhook.StartAsync(_ => Volatile.Read(ref moving)
            ? TestWebhook.Deny(429, "TooManyRequests", "the guest is being moved") : TestWebhook.Allow());
        await using var configuration = await WebhookConfiguration.CreateAsync(space, "validatingwebhookconfigurations", webhook, "/pods/eviction");
        (await space.CreatePodAsync("p")).Expect(201);
        (await EvictAsync(space, "p")).ExpectFailure(429, "TooManyRequests", "denied the request: the guest is being moved");
        Volatile.Write(ref moving, false);
        (await EvictAsync(space, "p")).Expect(201);
        var asked = webhook.Asked[0];
        Assert.Equal(("CREATE", "pods", "eviction", "p"), ((string)asked["operation"]!, (string)asked["resource"]!["resource"]!, (string)asked["subResource"]!, (string)asked["name"]!));
        Assert.Equal(("policy", "v1", "Eviction"), ((string)asked["kind"]!["group"]!, (string)asked["kind"]!["version"]!, (string)asked["kind"]!["kind"]!));
        Assert.Equal(("Eviction", "p"), ((string)asked["object"]!["kind"]!, (string)asked["object"]!["metadata"]!["name"]!));
    }

    [Fact]
    public async Task A_budget_keeps_the_last_pods()
    {
        await using var space = await cluster.NewSpaceAsync();
        foreach (var name in (string[])["a", "b"])
            await RunPodAsync(space, name);
        (await space.Api.PostAsync($"/apis/policy/v1/namespaces/{space.Name}/poddisruptionbudgets", Budget)).Expect(201);
        await UntilBudgetAsync(space, allowed: 1, healthy: 2);
        (await space.KubectlAsync("get pdb b")).Says("ALLOWED DISRUPTIONS");
        (await EvictAsync(space, "a")).Expect(201);
        await UntilBudgetAsync(space, allowed: 0, healthy: 1);
        var refused = (await EvictAsync(space, "b")).ExpectFailure(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
        Assert.Equal(("DisruptionBudget", "The disruption budget b needs 1 healthy pods and has 1 currently"),
            (refused.Text("details", "causes", "0", "reason"), refused.Text("details", "causes", "0", "message")));
        (await space.Api.GetAsync(space.Core("pods/b"))).Expect(200);
    }

    [Fact]
    public async Task A_budget_in_percent_counts_what_there_is()
    {
        await using var space = await cluster.NewSpaceAsync();
        foreach (var name in (string[])["a", "b", "c", "d"])
            await RunPodAsync(space, name);
        (await space.Api.PostAsync($"/apis/policy/v1/namespaces/{space.Name}/poddisruptionbudgets", Budget.Replace("\"minAvailable\":1", "\"minAvailable\":\"30%\"", StringComparison.Ordinal))).Expect(201);
        await UntilBudgetAsync(space, allowed: 2, healthy: 4);
        (await space.KubectlAsync("get pdb b -o jsonpath={.status.expectedPods}/{.status.desiredHealthy}/{.status.conditions[0].reason}")).Says("4/2/SufficientPods");
    }

    /// <summary>A pod that is on a node and ready, as its kubelet would say; the node need not be there.</summary>
    private static async Task RunPodAsync(TestSpace space, string name)
    {
        (await space.CreatePodAsync(name, """{"app":"web"}""")).Expect(201);
        (await space.Api.PatchAsync(space.Core($"pods/{name}/status"), "strategic",
            """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""")).Expect(200);
    }

    private static Task UntilBudgetAsync(TestSpace space, int allowed, int healthy) => Eventually.TrueAsync(async () =>
    {
        var status = (await space.Api.GetAsync($"/apis/policy/v1/namespaces/{space.Name}/poddisruptionbudgets/b")).Expect(200).Find("status");
        return (int?)status?["disruptionsAllowed"] == allowed && (int?)status["currentHealthy"] == healthy;
    }, $"the budget allows {allowed} with {healthy} healthy pods");

    private static Task<ApiAnswer> EvictAsync(TestSpace space, string pod, string more = "") => space.Api.PostAsync(space.Core($"pods/{pod}/eviction"),
        $$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{pod}}","namespace":"{{space.Name}}"}{{more}}}""");
}
