using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Migration.Telemetry;

/// <summary>One instrument's series, one for each combination of labels seen.</summary>
internal sealed class Family(Instrument instrument)
{
    /// <summary>Labels come from outside, at last: whoever makes up new ones without end must not fill our memory.</summary>
    public const int SeriesLimit = 10_000;

    private static readonly double[] Bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly ConcurrentDictionary<string, Series> _series = new();
    private readonly double[] _bounds = BoundsOf(instrument);
    private readonly bool _isObservable = instrument.IsObservable;
    private readonly bool _isSum = instrument.GetType().Name is "Counter`1" or "UpDownCounter`1";
    private readonly bool _isHistogram = MetricName.IsHistogram(instrument);

    public string Name { get; } = MetricName.Of(instrument);

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = LabelsOf(tags);
        if (!_series.TryGetValue(labels, out var series))
        {
            if (_series.Count >= SeriesLimit)
                return;
            series = _series.GetOrAdd(labels, _ => new Series(_isHistogram ? _bounds.Length : 0));
        }
        if (_isHistogram)
            series.Observe(value, Bucket(value));
        else if (_isSum)
            series.Add(value);
        else
            series.Set(value);
    }

    /// <summary>What an observable instrument no longer tells of has gone.</summary>
    public void Forget()
    {
        if (_isObservable)
            _series.Clear();
    }

    public static void Write(TextWriter text, IReadOnlyList<Family> families)
    {
        var first = families[0];
        text.WriteLine($"# HELP {first.Name} {first.Help}");
        text.WriteLine($"# TYPE {first.Name} {first.Kind}");
        foreach (var group in families.SelectMany(family => family._series).GroupBy(series => series.Key).OrderBy(group => group.Key, StringComparer.Ordinal))
            first.Write(text, group.Key, [.. group.Select(series => series.Value.Read())]);
    }

    private string Help => (instrument.Description ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private string Kind => _isHistogram ? "histogram" : MetricName.IsCounter(instrument) ? "counter" : "gauge";

    private void Write(TextWriter text, string labels, IReadOnlyList<Reading> readings)
    {
        if (!_isHistogram)
        {
            text.WriteLine($"{Name}{Braces(labels)} {Number(readings.Sum(reading => reading.Value))}");
            return;
        }
        var total = 0L;
        for (var bucket = 0; bucket < _bounds.Length; bucket++)
        {
            total += readings.Sum(reading => reading.Buckets[bucket]);
            text.WriteLine($"{Name}_bucket{Braces(Joined(labels, $"le=\"{Number(_bounds[bucket])}\""))} {total}");
        }
        var count = readings.Sum(reading => reading.Count);
        text.WriteLine($"{Name}_bucket{Braces(Joined(labels, "le=\"+Inf\""))} {count}");
        text.WriteLine($"{Name}_sum{Braces(labels)} {Number(readings.Sum(reading => reading.Value))}");
        text.WriteLine($"{Name}_count{Braces(labels)} {count}");
    }

    private int Bucket(double value)
    {
        var at = Array.BinarySearch(_bounds, value);
        return at < 0 ? ~at : at;
    }

    private static double[] BoundsOf(Instrument instrument) =>
        instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } advised } ? [.. advised] : Bounds;

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var labels = new List<string>(tags.Length);
        foreach (var (name, value) in tags)
            labels.Add($"{MetricName.Clean(name)}=\"{Escaped(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")}\"");
        labels.Sort(StringComparer.Ordinal);
        return string.Join(',', labels);
    }

    private static string Escaped(string value)
    {
        var escaped = new StringBuilder(value.Length);
        foreach (var character in value)
            _ = character switch { '\\' => escaped.Append("\\\\"), '"' => escaped.Append("\\\""), '\n' => escaped.Append("\\n"), _ => escaped.Append(character) };
        return escaped.ToString();
    }

    private static string Joined(string labels, string label) => labels.Length == 0 ? label : labels + "," + label;

    private static string Braces(string labels) => labels.Length == 0 ? "" : "{" + labels + "}";

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private readonly record struct Reading(double Value, long Count, long[] Buckets);

    /// <summary>One line's worth, or one histogram's. The last bucket, of what is beyond all bounds, is the count's rest.</summary>
    private sealed class Series(int bounds)
    {
        private readonly long[] _buckets = new long[bounds];
        private readonly Lock _lock = new();
        private double _value;
        private long _count;

        public void Set(double value)
        {
            lock (_lock)
                _value = value;
        }

        public void Add(double value)
        {
            lock (_lock)
                _value += value;
        }

        public void Observe(double value, int bucket)
        {
            lock (_lock)
            {
                _value += value;
                _count++;
                if (bucket < _buckets.Length)
                    _buckets[bucket]++;
            }
        }

        public Reading Read()
        {
            lock (_lock)
                return new Reading(_value, _count, [.. _buckets]);
        }
    }
}
