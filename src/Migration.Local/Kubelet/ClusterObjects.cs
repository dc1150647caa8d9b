using System.Globalization;
using System.Text.Json.Nodes;
using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>What a kubelet reads of the API for its pods, freshly each time: a pod that starts wants what is there now.</summary>
internal sealed class ClusterObjects(KubernetesClient client)
{
    private static readonly ResourceKind<PartialObject> Accounts = Kinds.Partial("", "v1", "ServiceAccount", "serviceaccounts", namespaced: true);

    public async Task<ConfigMap?> ConfigMapAsync(Pod pod, string? name, bool? optional, CancellationToken ct) =>
        await client.For(Kinds.ConfigMaps).FindAsync(KeyOf(pod, name), ct) ?? (optional == true ? null : throw Missing("configmap", name));

    public async Task<Secret?> SecretAsync(Pod pod, string? name, bool? optional, CancellationToken ct) =>
        await client.For(Kinds.Secrets).FindAsync(KeyOf(pod, name), ct) ?? (optional == true ? null : throw Missing("secret", name));

    /// <summary>A token of the pod's own service account.</summary>
    public async Task<string> TokenAsync(Pod pod, ProjectedToken wanted, CancellationToken ct)
    {
        var spec = new JsonObject { ["expirationSeconds"] = wanted.ExpirationSeconds ?? 3600 };
        if (wanted.Audience is { Length: > 0 } audience)
            spec["audiences"] = new JsonArray(audience);
        var answer = await client.For(Accounts).PostAsync(
            KeyOf(pod, pod.Spec?.ServiceAccountName ?? "default"), "token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = spec }, ct);
        return (string?)JsonNode.Parse(answer)?["status"]?["token"] ?? throw new PodRefusedException("no token was given for the pod's service account");
    }

    /// <summary>Docker's old way of telling services: <c>WEB_SERVICE_HOST</c> and <c>WEB_SERVICE_PORT</c>.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ServiceVariablesAsync(Pod pod, CancellationToken ct)
    {
        var variables = new Dictionary<string, string>();
        if (pod.Spec?.EnableServiceLinks == false)
            return variables;
        foreach (var service in await client.For(Kinds.Services).ListAsync(ListOptions.All with { Namespace = pod.Metadata.Namespace }, ct))
        {
            if (service.Spec is not { ClusterIp: { Length: > 0 } address and not "None", Ports: [{ Port: { } port }, ..] })
                continue;
            var name = service.Metadata.Name!.ToUpperInvariant().Replace('-', '_');
            variables[$"{name}_SERVICE_HOST"] = address;
            variables[$"{name}_SERVICE_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        }

        return variables;
    }

    private static ObjectKey KeyOf(Pod pod, string? name) => new(pod.Metadata.Namespace!, name ?? "");

    private static PodRefusedException Missing(string kind, string? name) => new($"{kind} \"{name}\" not found");
}
