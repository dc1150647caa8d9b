using System.Diagnostics.Metrics;

namespace Migration.Telemetry;

/// <summary>Names as Prometheus has them: dots become underlines, the unit and a counter's "total" stand at the end.</summary>
internal static class MetricName
{
    public static string Of(Instrument instrument)
    {
        var name = Clean(instrument.Name);
        name = WithEnding(name, UnitOf(instrument.Unit));
        return IsCounter(instrument) ? WithEnding(name, "_total") : name;
    }

    public static bool IsCounter(Instrument instrument) => instrument.GetType().Name is "Counter`1" or "ObservableCounter`1";

    public static bool IsHistogram(Instrument instrument) => instrument.GetType().Name is "Histogram`1";

    /// <summary>Only letters, digits and underlines, no digit first: of names and labels alike.</summary>
    public static string Clean(string name)
    {
        var clean = string.Create(name.Length, name, (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
                target[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        });
        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? "_" + clean : clean;
    }

    private static string WithEnding(string name, string ending) => name.EndsWith(ending, StringComparison.Ordinal) ? name : name + ending;

    // Units in braces say what is counted; they are for people.
    private static string UnitOf(string? unit) => unit switch
    {
        "s" => "_seconds",
        "By" => "_bytes",
        "By/s" => "_bytes_per_second",
        _ => "",
    };
}
