namespace Migration.Api;

/// <summary>Which policy is an instance's, and what it changes.</summary>
public static class MigrationPolicies
{
    private const int LongestDowntime = 2_000_000;

    /// <summary>
    /// The policy that says the most about the instance: the one with most labels that match; among equals the one with more
    /// labels of the instance; then the one whose name comes first. Null when none matches.
    /// </summary>
    /// <remarks>Unlike KubeVirt's, a selector is not skipped when the instance has no labels at all: it does not match.</remarks>
    public static MigrationPolicy? Match(
        IEnumerable<MigrationPolicy> policies, IReadOnlyDictionary<string, string>? instanceLabels, IReadOnlyDictionary<string, string>? namespaceLabels) =>
        policies
            .Where(policy => !policy.IsDeleting && policy.Spec.Selectors is { } selectors
                && Matches(selectors.VirtualMachineInstanceSelector, instanceLabels) && Matches(selectors.NamespaceSelector, namespaceLabels))
            .OrderByDescending(policy => OfInstance(policy) + OfNamespace(policy))
            .ThenByDescending(OfInstance)
            .ThenBy(policy => policy.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();

    /// <summary>The cluster's settings with the policy's in their place.</summary>
    public static MigrationConfiguration Apply(MigrationConfiguration cluster, MigrationPolicy? policy)
    {
        var spec = policy?.Spec ?? MigrationPolicySpec.Empty;
        var postCopy = spec.AllowPostCopy ?? cluster.AllowPostCopy;
        return cluster with
        {
            AllowAutoConverge = spec.AllowAutoConverge ?? cluster.AllowAutoConverge,
            AllowPostCopy = postCopy,
            // Whoever allows post-copy allows what it does to the guest.
            AllowWorkloadDisruption = spec.AllowWorkloadDisruption ?? spec.AllowPostCopy ?? cluster.AllowWorkloadDisruption ?? postCopy,
            BandwidthPerMigration = spec.BandwidthPerMigration ?? cluster.BandwidthPerMigration,
            CompletionTimeoutPerGiB = spec.CompletionTimeoutPerGiB ?? cluster.CompletionTimeoutPerGiB,
            MaxDowntimeMs = spec.MaxDowntimeMs ?? cluster.MaxDowntimeMs,
            Experimental = spec.Experimental ?? cluster.Experimental,
        };
    }

    /// <summary>Settings of a migration that are accepted and change nothing, by their names in the policy.</summary>
    public static IReadOnlyList<string> NotActedOn(MigrationConfiguration configuration)
    {
        var names = new List<string>();
        if (configuration.AllowPostCopy == true)
            names.Add("allowPostCopy");
        if (configuration.Experimental is { ValueKind: System.Text.Json.JsonValueKind.Object } experimental)
            names.AddRange(experimental.EnumerateObject().Select(field => "experimental." + field.Name));
        return names;
    }

    /// <summary>What is wrong with a policy, one message each, with the path of the field.</summary>
    public static IReadOnlyList<string> Errors(MigrationPolicySpec spec)
    {
        var errors = new List<string>();
        if (spec.CompletionTimeoutPerGiB < 0)
            errors.Add($"spec.completionTimeoutPerGiB: {spec.CompletionTimeoutPerGiB} is negative");
        if (spec.BandwidthPerMigration is { Amount: < 0 } bandwidth)
            errors.Add($"spec.bandwidthPerMigration: {bandwidth} is negative");
        if (spec.MaxDowntimeMs is <= 0 or > LongestDowntime)
            errors.Add($"spec.maxDowntimeMs: {spec.MaxDowntimeMs} is not between 1 and {LongestDowntime}");
        return errors;
    }

    private static bool Matches(IReadOnlyDictionary<string, string>? wanted, IReadOnlyDictionary<string, string>? labels) =>
        wanted is null || wanted.All(pair => labels?.TryGetValue(pair.Key, out var value) == true && value == pair.Value);

    private static int OfInstance(MigrationPolicy policy) => policy.Spec.Selectors?.VirtualMachineInstanceSelector?.Count ?? 0;

    private static int OfNamespace(MigrationPolicy policy) => policy.Spec.Selectors?.NamespaceSelector?.Count ?? 0;
}
