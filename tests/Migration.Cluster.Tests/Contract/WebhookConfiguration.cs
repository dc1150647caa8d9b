using System.Text.Json.Nodes;

namespace Migration.Cluster.Tests.Contract;

/// <summary>A webhook configuration that belongs to one test: it is about that test's namespace alone, and goes with the test.</summary>
public sealed class WebhookConfiguration : IAsyncDisposable
{
    private readonly TestSpace _space;
    private readonly string _path;

    private WebhookConfiguration(TestSpace space, string path)
    {
        _space = space;
        _path = path;
    }

    /// <param name="plural">validatingwebhookconfigurations or mutatingwebhookconfigurations.</param>
    /// <param name="resource">Group/resource, for instance <c>/configmaps</c> or <c>/pods/eviction</c>.</param>
    /// <param name="more">Members that replace those of the webhook.</param>
    public static async Task<WebhookConfiguration> CreateAsync(
        TestSpace space, string plural, TestWebhook webhook, string resource, string more = "{}", string prefix = "a")
    {
        var path = $"/apis/admissionregistration.k8s.io/v1/{plural}";
        var name = $"{prefix}-{space.Name}";
        (await space.Api.PostAsync(path, Body(space, plural, webhook, resource, more, name))).Expect(201);
        var made = new WebhookConfiguration(space, $"{path}/{name}");
        await made.UntilCalledAsync();
        return made;
    }

    public static string Body(TestSpace space, string plural, TestWebhook webhook, string resource, string more, string name)
    {
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        var hook = new JsonObject
        {
            ["name"] = $"{name}.contract.example.com",
            ["admissionReviewVersions"] = new JsonArray("v1"),
            ["sideEffects"] = "None",
            ["clientConfig"] = new JsonObject { ["url"] = webhook.Url, ["caBundle"] = webhook.CaBundle },
            ["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = space.Name } },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["operations"] = new JsonArray("*"), ["apiGroups"] = new JsonArray(resource[..slash]), ["apiVersions"] = new JsonArray("v1"),
                ["resources"] = new JsonArray(resource[(slash + 1)..]),
            }),
        };
        foreach (var (member, value) in JsonNode.Parse(more)!.AsObject())
            hook[member] = value?.DeepClone();
        return new JsonObject
        {
            ["apiVersion"] = "admissionregistration.k8s.io/v1",
            ["kind"] = plural[0] == 'v' ? "ValidatingWebhookConfiguration" : "MutatingWebhookConfiguration",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["webhooks"] = new JsonArray(hook),
        }.ToJsonString();
    }

    public async ValueTask DisposeAsync() => (await _space.Api.DeleteAsync(_path)).Expect(200);

    /// <summary>A real API server takes a moment to notice; the embedded one notices at once.</summary>
    private Task UntilCalledAsync() => _space.Cluster.IsEmbedded ? Task.CompletedTask : Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
}
