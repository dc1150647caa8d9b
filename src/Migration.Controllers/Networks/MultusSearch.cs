using Migration.Kubernetes;

namespace Migration.Controllers.Networks;

/// <summary>
/// Whether Multus is installed: whether any DaemonSet of the cluster has "multus" in its name, as those of every
/// distribution do. A definition of NetworkAttachmentDefinitions says nothing, because ours brings one.
/// </summary>
public static class MultusSearch
{
    private static readonly ResourceKind<PartialObject> DaemonSets = Kinds.Partial("apps", "v1", "DaemonSet", "daemonsets", namespaced: true);

    public static async Task<bool> IsInstalledAsync(KubernetesClient client, CancellationToken ct)
    {
        try
        {
            var all = await client.For(DaemonSets).ListWithVersionAsync(ListOptions.All, ct);
            return all.Items.Any(set => set.Metadata.Name?.Contains("multus", StringComparison.OrdinalIgnoreCase) == true);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            // A server without DaemonSets has nobody who would run one.
            return false;
        }
    }
}
