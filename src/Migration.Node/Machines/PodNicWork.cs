namespace Migration.Node.Machines;

/// <summary>Making or removing one pod NIC, beside the machine's loop: CNI plugins may take their time.</summary>
internal sealed class PodNicWork
{
    private readonly Task _work;
    private volatile bool _ended;

    private PodNicWork(InterfaceStep step, Func<Task> work, Action wake)
    {
        Step = step;
        _work = RunAsync(work, wake);
    }

    public InterfaceStep Step { get; }

    /// <summary>Waiting for it takes no time any more.</summary>
    public bool HasEnded => _ended;

    /// <summary>Begins it; the owner is woken at its end, whatever that is.</summary>
    public static PodNicWork Start(InterfaceStep step, Func<Task> work, Action wake) => new(step, work, wake);

    /// <summary>Throws what went wrong.</summary>
    public Task WaitAsync() => _work;

    private async Task RunAsync(Func<Task> work, Action wake)
    {
        try
        {
            await Task.Yield();
            await work();
        }
        finally
        {
            _ended = true;
            wake();
        }
    }
}
