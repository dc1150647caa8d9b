using System.Diagnostics;
using System.Globalization;

namespace Migration.Telemetry;

/// <summary>The figures that every exporter shows of its process, under the names that dashboards know.</summary>
internal static class ProcessFigures
{
    public static void Write(TextWriter text)
    {
        using var process = Process.GetCurrentProcess();
        Write(text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", process.WorkingSet64);
        Write(text, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", process.TotalProcessorTime.TotalSeconds);
        Write(text, "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
            new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000.0);
        Write(text, "process_threads", "gauge", "Threads of the process.", process.Threads.Count);
        Write(text, "process_open_fds", "gauge", "Number of open file descriptors.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        Write(text, "dotnet_gc_heap_bytes", "gauge", "Managed memory after the last collection.", GC.GetGCMemoryInfo().HeapSizeBytes);
    }

    private static void Write(TextWriter text, string name, string kind, string help, double value)
    {
        text.WriteLine($"# HELP {name} {help}");
        text.WriteLine($"# TYPE {name} {kind}");
        text.WriteLine($"{name} {value.ToString("R", CultureInfo.InvariantCulture)}");
    }
}
