using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>What a built-in kind does besides what its schema says.</summary>
internal sealed record KindRules
{
    /// <summary>Prepares a new object.</summary>
    public Action<JsonObject>? Create { get; init; }

    /// <summary>Prepares a changed object (before, after), not through a subresource.</summary>
    public Action<JsonObject, JsonObject>? Update { get; init; }

    /// <summary>Fills in what was left out, on every write.</summary>
    public Action<JsonObject>? Default { get; init; }

    /// <summary>Adds what is wrong; the first argument is the state before, null for a new object.</summary>
    public Action<JsonObject?, JsonObject, List<FieldError>>? Validate { get; init; }

    public static Dictionary<string, KindRules> All(Store store, TimeProvider time) => new(StringComparer.Ordinal)
    {
        ["pods"] = PodRules.Rules,
        ["namespaces"] = NamespaceRules.Rules,
        ["services"] = ServiceRules.For(store),
        ["secrets"] = SecretRules.Rules,
        ["roles.rbac.authorization.k8s.io"] = RightsRules.Role,
        ["clusterroles.rbac.authorization.k8s.io"] = RightsRules.Role,
        ["rolebindings.rbac.authorization.k8s.io"] = RightsRules.Binding,
        ["clusterrolebindings.rbac.authorization.k8s.io"] = RightsRules.Binding,
        ["deployments.apps"] = WorkloadRules.Deployment,
        ["daemonsets.apps"] = WorkloadRules.DaemonSet,
        [Webhook.Mutating] = WebhookRules.Mutating,
        [Webhook.Validating] = WebhookRules.Validating,
        ["customresourcedefinitions.apiextensions.k8s.io"] = DefinitionRules.For(time),
    };
}
