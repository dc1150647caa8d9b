using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>Asks one run of a container, again and again, whether it has started, is ready and is alive.</summary>
internal sealed class ContainerProbes : IAsyncDisposable
{
    private readonly RunningContainer _run;
    private readonly ProbeTarget _target;
    private readonly TimeProvider _time;
    private readonly Action _changed;
    private readonly Action<string> _complain;
    private readonly TimeSpan _grace;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loops;
    private volatile bool _isStarted;
    private volatile bool _isReady;

    /// <param name="changed">An answer is not what it was: the pod's status is to be written.</param>
    /// <param name="complain">For the pod's events.</param>
    public ContainerProbes(RunningContainer run, ProbeTarget target, TimeSpan grace, TimeProvider time, Action changed, Action<string> complain)
    {
        _run = run;
        _target = target;
        _grace = grace;
        _time = time;
        _changed = changed;
        _complain = complain;
        _isStarted = run.Container.StartupProbe is null;
        _isReady = run.Container.ReadinessProbe is null;
        _loops = RunAsync(_stopping.Token);
    }

    public bool IsStarted => _isStarted;
    public bool IsReady => _isReady;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loops;
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken ct)
    {
        try
        {
            if (_run.Container.StartupProbe is { } startup && !await StartedAsync(startup, ct))
                return;
            await Task.WhenAll(
                _run.Container.ReadinessProbe is { } readiness ? FollowReadinessAsync(readiness, ct) : Task.CompletedTask,
                _run.Container.LivenessProbe is { } liveness ? GuardAsync("Liveness", liveness, ct) : Task.CompletedTask);
        }
        catch (OperationCanceledException)
        {
            // The run has ended, or the pod.
        }
    }

    private async Task<bool> StartedAsync(Probe probe, CancellationToken ct)
    {
        var rows = new ProbeRows(probe);
        await PauseAsync(probe.InitialDelaySeconds ?? 0, ct);
        while (true)
        {
            var failure = await _target.CheckAsync(_run, probe, ct);
            switch (rows.Count(failure is null))
            {
                case true:
                    _isStarted = true;
                    _changed();
                    return true;
                case false:
                    await EndAsync("Startup", failure!, probe);
                    return false;
            }

            await PauseAsync(probe.PeriodSeconds ?? 10, ct);
        }
    }

    private async Task FollowReadinessAsync(Probe probe, CancellationToken ct)
    {
        var rows = new ProbeRows(probe);
        await PauseAsync(probe.InitialDelaySeconds ?? 0, ct);
        while (true)
        {
            var failure = await _target.CheckAsync(_run, probe, ct);
            if (failure is not null)
                _complain($"Readiness probe failed: {failure}");
            if (rows.Count(failure is null) is { } ready && ready != _isReady)
            {
                _isReady = ready;
                _changed();
            }

            await PauseAsync(probe.PeriodSeconds ?? 10, ct);
        }
    }

    private async Task GuardAsync(string name, Probe probe, CancellationToken ct)
    {
        var rows = new ProbeRows(probe);
        await PauseAsync(probe.InitialDelaySeconds ?? 0, ct);
        while (true)
        {
            var failure = await _target.CheckAsync(_run, probe, ct);
            if (failure is not null)
                _complain($"{name} probe failed: {failure}");
            if (rows.Count(failure is null) == false)
            {
                await EndAsync(name, failure!, probe);
                return;
            }

            await PauseAsync(probe.PeriodSeconds ?? 10, ct);
        }
    }

    private async Task EndAsync(string name, string failure, Probe probe)
    {
        _complain($"Container {_run.Container.Name} failed {name.ToLowerInvariant()} probe, will be restarted: {failure}");
        await _run.StopAsync(probe.TerminationGracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : _grace);
    }

    private Task PauseAsync(int seconds, CancellationToken ct) => Task.Delay(TimeSpan.FromSeconds(seconds), _time, ct);
}
