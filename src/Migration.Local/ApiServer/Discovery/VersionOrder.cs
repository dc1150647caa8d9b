using System.Text.RegularExpressions;

namespace Migration.Local.ApiServer;

/// <summary>Kubernetes' order of API versions: v2, v1, v1beta2, v1beta1, v1alpha1, then everything else by name.</summary>
internal sealed partial class VersionOrder : IComparer<string>
{
    public static readonly VersionOrder PreferredFirst = new();

    public int Compare(string? x, string? y) => Rank(x!).CompareTo(Rank(y!)) is var order and not 0 ? order : string.CompareOrdinal(x, y);

    private static (int Stability, long Major, long Minor) Rank(string version)
    {
        var match = Shape().Match(version);
        if (!match.Success)
            return (3, 0, 0);
        var stability = match.Groups[2].Value switch { "" => 0, "beta" => 1, _ => 2 };
        return (stability, -long.Parse(match.Groups[1].ValueSpan), match.Groups[3].Length > 0 ? -long.Parse(match.Groups[3].ValueSpan) : 0);
    }

    [GeneratedRegex(@"\Av(\d{1,9})(?:(alpha|beta)(\d{1,9}))?\z")]
    private static partial Regex Shape();
}
