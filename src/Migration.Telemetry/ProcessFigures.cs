using System.Diagnostics;
using System.Globalization;

namespace Migration.Telemetry;

/// <summary>The figures that every exporter shows of its process, under the names that dashboards know.</summary>
internal static class ProcessFigures
{
    private static readonly (string Name, string Kind, string Help, Func<Process, double> Value)[] Figures =
    [
        ("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", process => process.WorkingSet64),
        ("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", process => process.TotalProcessorTime.TotalSeconds),
        ("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
            process => new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000.0),
        ("process_threads", "gauge", "Threads of the process.", process => process.Threads.Count),
        ("process_open_fds", "gauge", "Number of open file descriptors.", _ => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count()),
        ("dotnet_gc_heap_bytes", "gauge", "Managed memory after the last collection.", _ => GC.GetGCMemoryInfo().HeapSizeBytes),
    ];

    public static IEnumerable<string> Names => Figures.Select(figure => figure.Name);

    public static void Write(TextWriter text)
    {
        using var process = Process.GetCurrentProcess();
        foreach (var (name, kind, help, value) in Figures)
        {
            text.WriteLine($"# HELP {name} {help}");
            text.WriteLine($"# TYPE {name} {kind}");
            text.WriteLine($"{name} {value(process).ToString("R", CultureInfo.InvariantCulture)}");
        }
    }
}
