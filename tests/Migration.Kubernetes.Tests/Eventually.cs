namespace Migration.Kubernetes.Tests;

/// <summary>Waits for something another thread will do. The limit is only there to end a test that hangs.</summary>
public static class Eventually
{
    public static async Task IsTrueAsync(Func<bool> condition, Func<string> otherwise)
    {
        using var limit = new CancellationTokenSource(ScriptedServer.Limit);
        while (!condition())
        {
            if (limit.IsCancellationRequested)
                Assert.Fail(otherwise());
            await Task.Delay(5);
        }
    }
}
