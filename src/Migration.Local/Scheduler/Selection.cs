using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>Label selectors and their requirements.</summary>
internal static class Selection
{
    /// <summary>No selector selects nothing; an empty one everything.</summary>
    public static bool Selects(LabelSelector? selector, KubernetesObject candidate) =>
        selector is not null
        && (selector.MatchLabels ?? new Dictionary<string, string>()).All(pair => candidate.Metadata.Label(pair.Key) == pair.Value)
        && (selector.MatchExpressions ?? []).All(requirement => Matches(requirement, candidate.Metadata.Label(requirement.Key ?? "")));

    public static bool Matches(SelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values?.Contains(value) == true,
        "NotIn" => value is null || requirement.Values?.Contains(value) != true,
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Number(value) > Number(requirement.Values?.FirstOrDefault()),
        "Lt" => Number(value) < Number(requirement.Values?.FirstOrDefault()),
        _ => false,
    };

    private static long? Number(string? text) => long.TryParse(text, out var number) ? number : null;
}
