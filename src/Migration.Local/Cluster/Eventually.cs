namespace Migration.Local.Cluster;

/// <summary>Waiting for a state of the world that has no event to wait for.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Asks again and again until the answer is not null.</summary>
    /// <exception cref="TimeoutException">It never was within the patience; the message says what was waited for.</exception>
    public static async Task<T> Async<T>(string what, TimeSpan patience, TimeProvider time, Func<CancellationToken, Task<T?>> ask, CancellationToken ct)
        where T : class
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            while (true)
            {
                if (await ask(either.Token) is { } answer)
                    return answer;
                await Task.Delay(Pause, time, either.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new TimeoutException($"waited {patience.TotalSeconds:0} s in vain until {what}");
        }
    }

    /// <summary>The same for a condition.</summary>
    public static Task UntilAsync(string what, TimeSpan patience, TimeProvider time, Func<CancellationToken, Task<bool>> holds, CancellationToken ct) =>
        Async(what, patience, time, async limit => await holds(limit) ? "yes" : null, ct);
}
