namespace Migration.Local.ApiServer;

internal static partial class BuiltInSchemaText
{
    private const string Webhooks = """
        MutatingWebhookConfiguration Webhooks that may change objects before they are stored.
         webhooks []MutatingWebhook key=name -- The webhooks.
        ValidatingWebhookConfiguration Webhooks that may refuse requests.
         webhooks []ValidatingWebhook key=name -- The webhooks.
        MutatingWebhook A webhook that may change objects.
         admissionReviewVersions! []string -- Versions of AdmissionReview it understands.
         clientConfig! WebhookClientConfig
         failurePolicy string -- What happens when it cannot be asked: Fail or Ignore.
         matchConditions []any -- CEL expressions that must hold; this server knows the simple ones.
         matchPolicy string -- Whether rules match other versions of the same objects: Equivalent or Exact.
         name! string -- Its name, a domain.
         namespaceSelector LabelSelector
         objectSelector LabelSelector
         reinvocationPolicy string -- Whether it is asked again after changes of others: Never or IfNeeded.
         rules []WebhookRuleWithOperations -- Which requests it is asked about.
         sideEffects! string -- None or NoneOnDryRun.
         timeoutSeconds int32 -- How long it may take, 1 to 30.
        ValidatingWebhook A webhook that may refuse requests.
         admissionReviewVersions! []string -- Versions of AdmissionReview it understands.
         clientConfig! WebhookClientConfig
         failurePolicy string -- What happens when it cannot be asked: Fail or Ignore.
         matchConditions []any -- CEL expressions that must hold; this server knows the simple ones.
         matchPolicy string -- Whether rules match other versions of the same objects: Equivalent or Exact.
         name! string -- Its name, a domain.
         namespaceSelector LabelSelector
         objectSelector LabelSelector
         rules []WebhookRuleWithOperations -- Which requests it is asked about.
         sideEffects! string -- None or NoneOnDryRun.
         timeoutSeconds int32 -- How long it may take, 1 to 30.
        WebhookClientConfig How a webhook is reached.
         caBundle bytes -- Certificates of who signs its certificate, PEM in base64.
         service WebhookServiceReference
         url string -- Where it is, when it is no service.
        WebhookServiceReference A service that serves a webhook.
         name! string -- Its name.
         namespace! string -- Its namespace.
         path string -- The URL's path.
         port int32 -- Its port.
        WebhookRuleWithOperations Requests of some operations to some resources.
         apiGroups []string -- API groups, * for all.
         apiVersions []string -- API versions, * for all.
         operations []string -- CREATE, UPDATE, DELETE, CONNECT, * for all.
         resources []string -- Resources, resource/subresource, with *.
         scope string -- Cluster, Namespaced or *.
        """;
}
