using System.Diagnostics;

namespace Migration.Local.Demo;

/// <summary>The operator's own tool, as installed on this machine.</summary>
internal sealed class Kubectl(string kubeconfig)
{
    /// <summary>Runs kubectl with a manifest on its standard input.</summary>
    public async Task<string> SendAsync(string verb, string manifest, CancellationToken ct)
    {
        var start = new ProcessStartInfo("kubectl") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "--kubeconfig", kubeconfig, verb, "-f", "-" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl was not started");
        await process.StandardInput.WriteAsync(manifest);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = await process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"kubectl {verb}: {errors.Trim()}");
    }
}
