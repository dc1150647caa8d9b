using System.Diagnostics;

namespace Migration.Cluster.Tests.Contract;

/// <summary>A kubectl that goes on until it is ended.</summary>
internal sealed class KubectlWatch(Process process, string cache) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static KubectlWatch Start(string kubeconfig, string[] arguments)
    {
        var cache = Directory.CreateTempSubdirectory("contract-watch-").FullName;
        return new KubectlWatch(Process.Start(KubectlRun.Describe(kubeconfig, cache, arguments, null))!, cache);
    }

    public async Task<string> LineAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        return await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("kubectl ended: " + await process.StandardError.ReadToEndAsync(limit.Token));
    }

    public void Dispose()
    {
        process.Kill(true);
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(cache, true);
    }
}
