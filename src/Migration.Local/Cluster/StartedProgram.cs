using System.Diagnostics;
using Migration.Linux;

namespace Migration.Local.Cluster;

/// <summary>How to start a program: what, with which arguments, where.</summary>
/// <param name="Namespace">The network namespace it runs in; null for our own.</param>
/// <param name="Log">Its stdout and stderr are appended here, by itself: it outlives a reader that is gone.</param>
public sealed record ProgramStart(string Program, IReadOnlyList<string> Arguments, string Log, string? Namespace = null)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>A program we started and are the parent of.</summary>
public sealed class StartedProgram : IDisposable
{
    // sh and nsenter replace themselves, so the process we started is the program itself.
    private const string RedirectAndReplace = "exec >>\"$0\" 2>&1 </dev/null; exec \"$@\"";

    private readonly Process _process;

    private StartedProgram(Process process) => _process = process;

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;

    public static StartedProgram Start(ProgramStart start)
    {
        var info = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in CommandLine(start))
            info.ArgumentList.Add(argument);
        foreach (var (name, value) in start.Environment)
            info.Environment[name] = value;
        return new StartedProgram(Process.Start(info) ?? throw new InvalidOperationException($"{start.Program} was not started"));
    }

    /// <summary>The exit code; a program that a signal ended has 128 plus the signal's number.</summary>
    public async Task<int> WaitAsync(CancellationToken ct)
    {
        await _process.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, and SIGKILL when the grace is over.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        if (_process.HasExited)
            return;
        using (var handle = ProcessHandle.Open(Id))
            handle.Signal(ProcessSignal.Terminate);
        using var patience = new CancellationTokenSource(grace, time);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>SIGKILL, at once.</summary>
    public void Kill() => _process.Kill();

    public void Dispose() => _process.Dispose();

    private static IEnumerable<string> CommandLine(ProgramStart start)
    {
        yield return "-c";
        yield return RedirectAndReplace;
        yield return start.Log;
        if (start.Namespace is not null)
        {
            yield return "nsenter";
            yield return $"--net={start.Namespace}";
            yield return "--";
        }

        yield return start.Program;
        foreach (var argument in start.Arguments)
            yield return argument;
    }
}
