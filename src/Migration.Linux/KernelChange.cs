namespace Migration.Linux;

/// <summary>
/// Told after everything that outlives this process: a change to the kernel (netlink, parameters, devices) or to a durable file. A test
/// sees them all and ends an operation between any two of them, as a crash would; otherwise nobody listens.
/// </summary>
internal static class KernelChange
{
    [ThreadStatic] private static Action<string>? _seen;

    public static void Made(string what) => _seen?.Invoke(what);

    /// <summary>Listens to the changes that this thread makes, until disposed. What <paramref name="seen"/> throws ends the operation.</summary>
    public static IDisposable Watch(Action<string> seen)
    {
        _seen = seen;
        return new Watching();
    }

    private sealed class Watching : IDisposable
    {
        public void Dispose() => _seen = null;
    }
}
