using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.Local.Kubelet;

/// <summary>One container's process.</summary>
internal sealed class RunningContainer : IDisposable
{
    private readonly TimeProvider _time;
    private readonly StartedProgram _process;
    private readonly Task _exit;

    public RunningContainer(Container container, ContainerStart start, TimeProvider time, Action ended)
    {
        Container = container;
        LogFile = start.Log;
        _time = time;
        Started = time.GetUtcNow();
        _process = StartedProgram.Start(start.ToProgram());
        _exit = WatchAsync(ended);
    }

    public Container Container { get; }
    public string LogFile { get; }
    public DateTimeOffset Started { get; }
    public DateTimeOffset? Ended { get; private set; }
    public int? ExitCode { get; private set; }
    public int ProcessId => _process.Id;

    public async Task StopAsync(TimeSpan grace)
    {
        await _process.StopAsync(grace, _time);
        await _exit;
    }

    public void Dispose() => _process.Dispose();

    private async Task WatchAsync(Action ended)
    {
        var code = await _process.WaitAsync(CancellationToken.None);
        Ended = _time.GetUtcNow();
        ExitCode = code;
        ended();
    }
}
