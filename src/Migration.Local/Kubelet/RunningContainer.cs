using Microsoft.Win32.SafeHandles;
using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>One run of a container: its first process and everything that this leaves behind.</summary>
internal sealed class RunningContainer : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _time;
    private readonly ContainerStart _start;
    private readonly AttachedProcess _process;
    private readonly Task<SafeFileHandle?> _up;

    public RunningContainer(Container container, ContainerStart start, string logFile, TimeProvider time, Action ended)
    {
        Container = container;
        LogFile = logFile;
        _time = time;
        _start = start;
        Started = time.GetUtcNow();
        _process = start.Start();
        Console = new ContainerConsole(_process, ContainerLog.Begin(logFile, time));
        if (container.Stdin != true && !start.Terminal)
            _process.Input.Dispose();
        _up = WatchStartAsync();
        Exit = WatchEndAsync(ended);
    }

    public Container Container { get; }
    public string LogFile { get; }
    public DateTimeOffset Started { get; }
    public DateTimeOffset? Ended { get; private set; }
    public int? ExitCode { get; private set; }
    public int ProcessId => _process.Id;
    public ContainerConsole Console { get; }

    /// <summary>The exit code, when nothing of the container runs any more.</summary>
    public Task<int> Exit { get; }

    /// <summary>Its standard input, if it was asked to have one.</summary>
    public Stream? Input => Container.Stdin == true ? _process.Input : null;

    public void Resize(ushort columns, ushort rows) => _process.Resize(columns, rows);

    /// <summary>Starts a further command inside, as soon as the container's own view of the machine is complete; null if it has ended.</summary>
    public async Task<AttachedProcess?> ExecuteAsync(IReadOnlyList<string> command, bool terminal, CancellationToken ct) =>
        await _up.WaitAsync(ct) is null || ExitCode is not null ? null : _start.Execute(ProcessId, command, terminal);

    public async Task StopAsync(TimeSpan grace)
    {
        await _process.StopAsync(grace, _time);
        await Exit;
    }

    public void Dispose() => _process.Dispose();

    /// <summary>The container's mount namespace, once it is its own and its image is in it; null if it ended before.</summary>
    private async Task<SafeFileHandle?> WatchStartAsync()
    {
        while (!_process.HasExited)
        {
            if (ContainerProcesses.IsSetUp(ProcessId))
                return ContainerProcesses.HoldMountNamespaceOf(ProcessId);
            await Task.Delay(Look, _time);
        }

        return null;
    }

    private async Task<int> WatchEndAsync(Action ended)
    {
        var code = await _process.WaitAsync(CancellationToken.None);
        using (var space = await _up)
        {
            if (space is not null)
                ContainerProcesses.EndAllIn(space);
        }
        await Console.EndAsync(_time);
        Ended = _time.GetUtcNow();
        ExitCode = code;
        ended();
        return code;
    }
}
