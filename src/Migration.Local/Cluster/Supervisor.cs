using Microsoft.Extensions.Logging;

namespace Migration.Local.Cluster;

/// <summary>Keeps one program running, as a DaemonSet or a Deployment would: when it ends, it is started again.</summary>
public sealed class Supervisor : IAsyncDisposable
{
    private static readonly TimeSpan PauseBetweenStarts = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ProgramStart _start;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private volatile StartedProgram? _current;

    public Supervisor(string name, ProgramStart start, TimeProvider time, ILogger logger)
    {
        Name = name;
        _start = start;
        _time = time;
        _logger = logger;
        _loop = RunAsync();
    }

    public string Name { get; }

    /// <summary>The running process, for tests that kill it and for status; null between two starts.</summary>
    public int? ProcessId => _current is { HasExited: false } child ? child.Id : null;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            using var child = StartedProgram.Start(_start);
            _current = child;
            try
            {
                var code = await child.WaitAsync(_stopping.Token);
                Log.ProgramEnded(_logger, Name, code, _start.Log);
                await Task.Delay(PauseBetweenStarts, _time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                await child.StopAsync(Grace, _time);
            }
            finally
            {
                _current = null;
            }
        }
    }
}
