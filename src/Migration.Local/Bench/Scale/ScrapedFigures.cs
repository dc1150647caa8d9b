using System.Globalization;
using System.Text.RegularExpressions;

namespace Migration.Local.Bench.Scale;

/// <summary>What a program's /metrics said at one moment.</summary>
internal sealed partial class ScrapedFigures(string text)
{
    private readonly List<(string Name, string Labels, double Value)> _lines =
        [.. Line().Matches(text).Select(match => (match.Groups[1].Value, match.Groups[2].Value, double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)))];

    /// <summary>The sum over all series of the name whose labels hold the text.</summary>
    public double Sum(string name, string label = "") =>
        _lines.Where(line => line.Name == name && line.Labels.Contains(label, StringComparison.Ordinal)).Sum(line => line.Value);

    /// <summary>Of a histogram: the bound below which the quantile lies, between two bounds in proportion, as Prometheus does it.</summary>
    public double Quantile(string name, string label, double quantile)
    {
        var buckets = _lines.Where(line => line.Name == name + "_bucket" && line.Labels.Contains(label, StringComparison.Ordinal))
            .GroupBy(line => Bound(line.Labels)).Select(group => (Bound: group.Key, Count: group.Sum(line => line.Value))).OrderBy(bucket => bucket.Bound).ToList();
        var rank = quantile * (buckets.Count == 0 ? 0 : buckets[^1].Count);
        var (below, before) = (0.0, 0.0);
        foreach (var (bound, count) in buckets)
        {
            if (count >= rank && double.IsFinite(bound))
                return below + (bound - below) * (count > before ? (rank - before) / (count - before) : 0);
            (below, before) = (bound, count);
        }
        return below;
    }

    private static double Bound(string labels) => BoundLabel().Match(labels).Groups[1].Value is "+Inf" ? double.PositiveInfinity : double.Parse(BoundLabel().Match(labels).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^([a-z_0-9]+)(?:\{(.*)\})? ([0-9.eE+-]+)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex("le=\"([^\"]+)\"")]
    private static partial Regex BoundLabel();
}
