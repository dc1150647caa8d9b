using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Migration.Telemetry;

/// <summary>
/// What this process's meters count, as Prometheus reads it (text format 0.0.4). Meters whose names begin with one of the
/// prefixes are listened to from the start; observable instruments are asked at each reading.
/// </summary>
public sealed class Exposition : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, Family> _families = new();
    private readonly Lock _reading = new();

    public Exposition(params string[] meterPrefixes)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Array.Exists(meterPrefixes, prefix => instrument.Meter.Name.StartsWith(prefix, StringComparison.Ordinal)))
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, published => new Family(published)));
        };
        _listener.MeasurementsCompleted = (instrument, state) => _families.TryRemove(instrument, out var _);
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.Start();
    }

    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>What there is to be read, without asking anybody for it.</summary>
    public IReadOnlySet<string> Names() => _families.Values.Select(family => family.Name).Concat(ProcessFigures.Names).ToHashSet();

    public string Read()
    {
        var text = new StringWriter { NewLine = "\n" };
        // One reading at a time: what observable instruments say belongs to the reading that asked.
        lock (_reading)
        {
            foreach (var family in _families.Values)
                family.Forget();
            _listener.RecordObservableInstruments();
            // Meters of the same name may stand twice in a process (tests, an embedded cluster): a family is written once.
            foreach (var families in _families.Values.GroupBy(family => family.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
                Family.Write(text, [.. families]);
        }
        ProcessFigures.Write(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();
}
