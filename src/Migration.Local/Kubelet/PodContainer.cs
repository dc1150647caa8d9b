using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>One container of a pod over all its runs. Used by whichever worker has the pod.</summary>
internal sealed class PodContainer(Container spec, bool isInit) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromMinutes(5), Forgiven = TimeSpan.FromMinutes(10);

    private TimeSpan _pause;

    public Container Spec => spec;

    public bool IsInit => isInit;

    /// <summary>An init container that is to run beside the others from now on.</summary>
    public bool IsSidecar => isInit && spec.RestartPolicy == "Always";

    /// <summary>The present run, or the last one; null before the first.</summary>
    public RunningContainer? Run { get; private set; }

    public ContainerProbes? Probes { get; private set; }

    /// <summary>How the run before this one ended.</summary>
    public ContainerTerminated? Before { get; private set; }

    public int Restarts { get; private set; }

    /// <summary>Why it is not even begun; null if nothing is in its way.</summary>
    public ContainerWaiting? Obstacle { get; set; }

    /// <summary>When it may be started again; only after a run.</summary>
    public DateTimeOffset NotBefore { get; private set; }

    public bool IsRunning => Run is { ExitCode: null };
    public bool HasEnded => Run is { ExitCode: not null };
    public bool HasSucceeded => Run?.ExitCode == 0;
    public bool IsStarted => IsRunning && Probes is { IsStarted: true };
    public bool IsReady => IsStarted && Probes is { IsReady: true };

    /// <summary>Whether an ended run is followed by another.</summary>
    public bool StartsAgain(string? podPolicy) =>
        IsSidecar || (podPolicy ?? "Always") switch
        {
            "Never" => false,
            // An init container that is done is done.
            "OnFailure" => !HasSucceeded,
            _ => !isInit || !HasSucceeded,
        };

    public void Begin(Func<RunningContainer> start, Func<RunningContainer, ContainerProbes> probe)
    {
        if (Run is { ExitCode: not null } ended)
        {
            Before = PodStatusWriting.TerminationOf(ended);
            Restarts++;
            ended.Dispose();
        }

        Run = start();
        Probes = probe(Run);
        Obstacle = null;
    }

    /// <summary>The run has ended: the next one waits longer each time, unless this one was long.</summary>
    public async Task NoteEndAsync()
    {
        if (Probes is { } probes)
        {
            Probes = null;
            await probes.DisposeAsync();
            _pause = Restarts == 0 ? TimeSpan.Zero : Run!.Ended - Run.Started > Forgiven || _pause == TimeSpan.Zero ? FirstPause : _pause * 2;
            _pause = _pause > LongestPause ? LongestPause : _pause;
            NotBefore = Run!.Ended!.Value + _pause;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Probes is { } probes)
            await probes.DisposeAsync();
        Probes = null;
        Run?.Dispose();
    }
}
