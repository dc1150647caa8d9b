using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Migration.Linux;

namespace Migration.Testing;

/// <summary>
/// A program that runs beside a test and cannot outlive the test program, not even one that is killed. Its output goes to files.
/// </summary>
public sealed class TiedProcess : IDisposable
{
    // The kernel ties a child to the thread that started it: this one lives as long as the test program.
    private static readonly BlockingCollection<Action> Starts = [];

    private readonly ChildProcess _child;

    static TiedProcess()
    {
        var starter = new Thread(() =>
        {
            foreach (var start in Starts.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "starter" };
        starter.Start();
    }

    private TiedProcess(ChildProcess child, string errorPath)
    {
        _child = child;
        ErrorPath = errorPath;
    }

    public int Id => _child.Handle.Id;

    public string ErrorPath { get; }

    public bool HasExited => _child.Handle.HasExited;

    /// <summary>What it wrote to standard error so far.</summary>
    public string Errors => File.ReadAllText(ErrorPath);

    /// <summary>Starts a program, as another user if one is given; inherited descriptors keep their numbers.</summary>
    public static TiedProcess Start(
        string program, IReadOnlyList<string> arguments, string outputPath, string errorPath, int? user = null, params IReadOnlyList<SafeHandle> inherited)
    {
        // setpriv ties last: a change of user would undo it.
        string[] identity = user is null ? [] : ["--reuid", $"{user}", "--regid", $"{user}", "--clear-groups"];
        var started = new TaskCompletionSource<ChildProcess>();
        Starts.Add(() =>
        {
            try
            {
                using var nothing = FileDescriptor.Open("/dev/null");
                using var output = File.OpenHandle(outputPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
                using var errors = File.OpenHandle(errorPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
                started.SetResult(ChildProcess.Start("/usr/bin/setpriv", ["--pdeathsig", "KILL", .. identity, program, .. arguments], nothing, output, errors, inherited));
            }
            catch (Exception failure)
            {
                started.SetException(failure);
            }
        });
        return new TiedProcess(started.Task.GetAwaiter().GetResult(), errorPath);
    }

    public void Signal(ProcessSignal signal) => _child.Handle.Signal(signal);

    /// <summary>How it ended; a process that does not end within the limit is an exception with what it wrote.</summary>
    public async Task<ProcessExit> WaitForExitAsync(TimeSpan limit)
    {
        var ended = await Task.Run(() => _child.Handle.WaitForExit(limit));
        return ended ? _child.WaitForExit() : throw new TimeoutException($"process {Id} still runs after {limit.TotalSeconds} s: {Errors}");
    }

    public void Dispose()
    {
        _child.Handle.Signal(ProcessSignal.Kill);
        _child.WaitForExit();
        _child.Dispose();
    }
}
