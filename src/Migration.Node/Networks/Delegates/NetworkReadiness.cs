namespace Migration.Node.Networks.Delegates;

/// <summary>
/// What the plugins of the delegates' networks answer to STATUS. A runtime asks every few seconds and waits: so it is told what was found
/// last, and the plugins are asked again behind its back when that is old.
/// </summary>
internal sealed class NetworkReadiness(PodNetworks networks, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new(); // protects _asking and _asked
    private Task _asking = Task.CompletedTask;
    private long? _asked;
    private volatile RefusedException? _problem;

    /// <summary>Null while every network could serve an ADD.</summary>
    public RefusedException? Problem()
    {
        lock (_gate)
        {
            if (_asking.IsCompleted && (_asked is not { } last || time.GetElapsedTime(last) >= Fresh))
            {
                _asked = time.GetTimestamp();
                _asking = AskAsync();
            }
        }

        return _problem;
    }

    public async ValueTask DisposeAsync() => await _asking;

    private async Task AskAsync()
    {
        await Task.Yield();
        _problem = await networks.FindUnreadyAsync();
    }
}
