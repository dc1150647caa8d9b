using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Api.Tests;

public sealed class MigrationPoliciesTests
{
    private static readonly Dictionary<string, string> Guest = new() { ["app"] = "db", ["size"] = "big" };
    private static readonly Dictionary<string, string> Space = new() { ["team"] = "blue", ["zone"] = "west" };

    /// <summary>Policies as "name/instance labels/namespace labels" → the one that applies.</summary>
    public static TheoryData<string[], string?> Matches() => new()
    {
        { [], null },
        { ["a/app=db/"], "a" },
        { ["a//team=blue"], "a" },
        { ["a/app=web/"], null },
        { ["a/colour=red/"], null },
        // All given labels have to match, on both sides.
        { ["a/app=db,size=small/"], null },
        { ["a/app=db/team=red"], null },
        { ["a/app=db/", "b/app=db,size=big/"], "b" },
        { ["a/app=db/", "b/app=db/team=blue"], "b" },
        { ["a//team=blue,zone=west", "b/app=db/"], "a" },
        // As many labels: more of the instance's, then the name that comes first.
        { ["a//team=blue,zone=west", "b/app=db/team=blue"], "b" },
        { ["b/app=db/", "a/size=big/", "c/app=db/"], "a" },
        // Selectors that ask for nothing are for everybody; without selectors a policy is for nobody.
        { ["a//"], "a" },
        { ["a//", "b/app=db/"], "b" },
        { ["a"], null },
    };

    [Theory]
    [MemberData(nameof(Matches))]
    public void The_policy_that_says_most_about_the_instance_applies(string[] policies, string? expected) =>
        Assert.Equal(expected, MigrationPolicies.Match(policies.Select(Policy), Guest, Space)?.Metadata.Name);

    [Fact]
    public void An_instance_without_labels_has_only_what_is_for_everybody()
    {
        Assert.Null(MigrationPolicies.Match([Policy("a/app=db/")], null, Space));
        Assert.Null(MigrationPolicies.Match([Policy("a//team=blue")], Guest, null));
        Assert.Equal("a", MigrationPolicies.Match([Policy("a//")], null, null)?.Metadata.Name);
    }

    [Fact]
    public void What_a_policy_leaves_out_is_the_clusters()
    {
        var cluster = MigrationConfiguration.Default with { AllowAutoConverge = true, MaxDowntimeMs = 300 };

        var applied = MigrationPolicies.Apply(cluster, Spec(new MigrationPolicySpec { BandwidthPerMigration = Quantity.Parse("2000Mi"), CompletionTimeoutPerGiB = 7 }));

        Assert.Equal((true, 300L, 7L), (applied.AllowAutoConverge, applied.MaxDowntimeMs, applied.CompletionTimeoutPerGiB));
        Assert.Equal(2000L << 20, applied.BandwidthPerMigration!.Value.Ceiling);
        Assert.Equal(5, applied.ParallelMigrationsPerCluster);
        Assert.Equal(cluster, MigrationPolicies.Apply(cluster, null));
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(true, null, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    public void Disruption_is_allowed_where_post_copy_is_unless_something_else_is_said(bool? postCopy, bool? disruption, bool expected) =>
        Assert.Equal(expected, MigrationPolicies.Apply(MigrationConfiguration.Default, Spec(new MigrationPolicySpec { AllowPostCopy = postCopy, AllowWorkloadDisruption = disruption })).AllowWorkloadDisruption);

    [Fact]
    public void Settings_without_effect_are_named()
    {
        var experimental = JsonDocument.Parse("""{"compression":"zstd","downtimeTuning":{"steps":3}}""").RootElement;

        Assert.Equal(
            ["allowPostCopy", "experimental.compression", "experimental.downtimeTuning"],
            MigrationPolicies.NotActedOn(MigrationConfiguration.Default with { AllowPostCopy = true, Experimental = experimental }));
        Assert.Empty(MigrationPolicies.NotActedOn(MigrationConfiguration.Default));
    }

    [Fact]
    public void Impossible_settings_are_refused_by_their_path()
    {
        var errors = MigrationPolicies.Errors(new MigrationPolicySpec { CompletionTimeoutPerGiB = -1, BandwidthPerMigration = Quantity.Parse("-1"), MaxDowntimeMs = 0 });

        Assert.Equal(["spec.completionTimeoutPerGiB", "spec.bandwidthPerMigration", "spec.maxDowntimeMs"], errors.Select(error => error.Split(':')[0]));
        Assert.Empty(MigrationPolicies.Errors(new MigrationPolicySpec { CompletionTimeoutPerGiB = 0, BandwidthPerMigration = Quantity.Parse("0"), MaxDowntimeMs = 2_000_000 }));
    }

    private static MigrationPolicy Spec(MigrationPolicySpec spec) => new() { Spec = spec };

    private static MigrationPolicy Policy(string text)
    {
        var parts = text.Split('/');
        return new MigrationPolicy
        {
            Metadata = new ObjectMeta { Name = parts[0] },
            Spec = new MigrationPolicySpec
            {
                Selectors = parts.Length == 1 ? null : new PolicySelectors { VirtualMachineInstanceSelector = LabelsOf(parts[1]), NamespaceSelector = LabelsOf(parts[2]) },
            },
        };
    }

    private static Dictionary<string, string>? LabelsOf(string text) =>
        text.Length == 0 ? null : text.Split(',').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
}
