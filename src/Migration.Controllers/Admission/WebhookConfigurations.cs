using System.Text;
using System.Text.Json.Nodes;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>
/// What the API server is told of our endpoints: a MutatingWebhookConfiguration and a ValidatingWebhookConfiguration,
/// made from the list of endpoints, so that neither can be forgotten.
/// </summary>
/// <remarks>
/// Without an answer, what needs a rule's consent is refused, and what only gets defaults is let through: controllers
/// fill them in themselves. No webhook looks at kinds that are not ours, evictions excepted, and of those only at
/// launcher pods': a controller that is down stops no other pod. Labels cannot tell them (an eviction has none), so it
/// takes a condition on the pod's name.
/// </remarks>
public static class WebhookConfigurations
{
    /// <summary>Of both objects.</summary>
    public const string Name = "migration";

    /// <summary>Of the Service, where the webhooks are not behind a URL.</summary>
    public const string Service = "migration-webhook";

    public static readonly ResourceKind<PartialObject> Mutating =
        Kinds.Partial("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", namespaced: false);

    public static readonly ResourceKind<PartialObject> Validating =
        Kinds.Partial("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", namespaced: false);

    /// <summary>The names that the server's certificate must bear.</summary>
    public static IReadOnlyList<string> Hosts(string inNamespace, Uri? url) =>
        url is null ? [$"{Service}.{inNamespace}.svc", $"{Service}.{inNamespace}.svc.cluster.local"] : [url.IdnHost];

    /// <param name="isMutating">Which of the two.</param>
    /// <param name="url">Where we listen; null: behind the Service of this namespace.</param>
    /// <param name="authorities">What the API server is to trust, as PEM; null leaves it out.</param>
    public static JsonArray Webhooks(IEnumerable<AdmissionEndpoint> endpoints, bool isMutating, string inNamespace, Uri? url, string? authorities) =>
        [.. endpoints.Where(endpoint => endpoint.IsMutating == isMutating).OrderBy(endpoint => endpoint.Path, StringComparer.Ordinal).Select(endpoint => Webhook(endpoint, inNamespace, url, authorities))];

    private static JsonObject Webhook(AdmissionEndpoint endpoint, string inNamespace, Uri? url, string? authorities)
    {
        var webhook = new JsonObject
        {
            // "/admit/virtualmachines" is virtualmachines.admit.migration.internal.
            ["name"] = $"{string.Join('.', endpoint.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())}.migration.internal",
            ["admissionReviewVersions"] = new JsonArray("v1"),
            ["clientConfig"] = Client(endpoint, inNamespace, url, authorities),
            ["rules"] = new JsonArray(Rule(endpoint)),
            ["matchPolicy"] = "Equivalent",
            ["failurePolicy"] = endpoint.IsRequired ? "Fail" : "Ignore",
            ["sideEffects"] = endpoint.HasSideEffects ? "NoneOnDryRun" : "None",
            ["timeoutSeconds"] = 5,
        };
        if (endpoint.IsMutating)
            webhook["reinvocationPolicy"] = "IfNeeded";
        if (endpoint.Condition is { } condition)
            webhook["matchConditions"] = new JsonArray(new JsonObject { ["name"] = "ours", ["expression"] = condition });
        return webhook;
    }

    private static JsonObject Client(AdmissionEndpoint endpoint, string inNamespace, Uri? url, string? authorities)
    {
        var client = url is null
            ? new JsonObject { ["service"] = new JsonObject { ["name"] = Service, ["namespace"] = inNamespace, ["path"] = endpoint.Path, ["port"] = 443 } }
            : new JsonObject { ["url"] = url.GetLeftPart(UriPartial.Authority) + endpoint.Path };
        if (authorities is not null)
            client["caBundle"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(authorities));
        return client;
    }

    private static JsonObject Rule(AdmissionEndpoint endpoint) => new()
    {
        ["apiGroups"] = new JsonArray(endpoint.Group),
        ["apiVersions"] = Array(endpoint.Versions),
        ["operations"] = Array(endpoint.Operations),
        ["resources"] = new JsonArray(endpoint.Resource),
        ["scope"] = endpoint.IsNamespaced ? "Namespaced" : "Cluster",
    };

    private static JsonArray Array(IEnumerable<string> items) => [.. items.Select(item => (JsonNode)item)];
}
