using System.Diagnostics;

namespace Migration.Cluster.Tests.Contract;

/// <summary>Waits for what the server does in its own time. The deadline only ends a test that has failed anyway.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < Limit, $"waited in vain until {what}");
            await Task.Delay(20);
        }
    }
}
