using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>One webhook of a ValidatingWebhookConfiguration or MutatingWebhookConfiguration.</summary>
internal sealed record Webhook
{
    public const string Mutating = "mutatingwebhookconfigurations.admissionregistration.k8s.io";
    public const string Validating = "validatingwebhookconfigurations.admissionregistration.k8s.io";

    private static readonly ConditionalWeakTable<StoredObject, IReadOnlyList<Webhook>> Known = [];

    public required string Name { get; init; }

    public required IReadOnlyList<WebhookRule> Rules { get; init; }

    public required JsonElement? NamespaceSelector { get; init; }

    public required JsonElement? ObjectSelector { get; init; }

    /// <summary>All of them must hold of (object, oldObject, request).</summary>
    public required IReadOnlyList<(string Name, Func<JsonObject, bool> Holds)> Conditions { get; init; }

    /// <summary>A webhook that cannot be asked is passed over (<c>failurePolicy: Ignore</c>) instead of failing the request.</summary>
    public required bool MayFail { get; init; }

    /// <summary>Rules also match requests to another version of the same objects, which are converted for the webhook.</summary>
    public required bool MatchesEquivalents { get; init; }

    /// <summary>Asked again when a webhook after it has changed the object.</summary>
    public required bool IsReinvoked { get; init; }

    public required bool HasSideEffects { get; init; }

    public required TimeSpan Timeout { get; init; }

    public string? Url { get; init; }

    public (string Namespace, string Name, string Path, int Port)? Service { get; init; }

    /// <summary>Who must have signed the webhook's certificate; null for the roots that this machine trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>The webhooks of one kind of configuration, in the order in which they are asked.</summary>
    public static IReadOnlyList<Webhook> All(Store store, string storage)
    {
        var configurations = store.List(storage).Objects;
        return configurations.IsEmpty ? [] : [.. configurations.Values.SelectMany(c => Known.GetValue(c, Read))];
    }

    private static IReadOnlyList<Webhook> Read(StoredObject configuration) => [.. configuration.Root.Items("webhooks").Select(Read)];

    private static Webhook Read(JsonElement webhook)
    {
        var client = webhook.Find("clientConfig");
        return new Webhook
        {
            Name = webhook.Text("name") ?? "",
            Rules = [.. webhook.Items("rules").Select(WebhookRule.Read)],
            NamespaceSelector = webhook.Find("namespaceSelector"),
            ObjectSelector = webhook.Find("objectSelector"),
            Conditions = [.. webhook.Items("matchConditions").Select(c => (c.Text("name") ?? "", MatchCondition.Read(c.Text("expression") ?? "")))],
            MayFail = webhook.Text("failurePolicy") == "Ignore",
            MatchesEquivalents = webhook.Text("matchPolicy") != "Exact",
            IsReinvoked = webhook.Text("reinvocationPolicy") == "IfNeeded",
            HasSideEffects = webhook.Text("sideEffects") is not ("None" or "NoneOnDryRun"),
            Timeout = TimeSpan.FromSeconds(webhook.Find("timeoutSeconds")?.GetInt32() ?? 10),
            Url = client?.Text("url"),
            Service = client?.Find("service") is { } service
                ? (service.Text("namespace") ?? "", service.Text("name") ?? "", service.Text("path") ?? "/", service.Find("port")?.GetInt32() ?? 443)
                : null,
            Authorities = client?.Text("caBundle") is { Length: > 0 } bundle ? Certificates(bundle) : null,
        };
    }

    private static X509Certificate2Collection Certificates(string bundle)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(bundle)));
        return certificates;
    }
}
