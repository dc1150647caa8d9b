namespace Migration.Kubernetes;

/// <summary>Doubling waits with a ceiling; pure.</summary>
internal readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The wait after so many failures in a row (1 is the first).</summary>
    public TimeSpan After(int failures)
    {
        var doublings = Math.Clamp(failures - 1, 0, 40);
        var wait = First.TotalMilliseconds * (1L << doublings);
        return wait >= Longest.TotalMilliseconds ? Longest : TimeSpan.FromMilliseconds(wait);
    }

    /// <summary>The same, between half and all of it at random, so that many clients do not come back together.</summary>
    public TimeSpan Jittered(int failures) => After(failures) * (0.5 + (Random.Shared.NextDouble() / 2));
}
