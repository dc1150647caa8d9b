using System.Diagnostics;
using Migration.Local.Cluster;
using Migration.Testing;

namespace Migration.EndToEnd.Tests.Pods;

/// <summary>kubectl in a namespace. What is in it goes with the cluster.</summary>
public sealed record KubectlSpace(string Name, string Kubeconfig)
{
    /// <summary>Succeeds; what it printed.</summary>
    public Task<string> RunAsync(params string[] arguments) => Shell.RunAsync("kubectl", [.. Common, .. arguments]);

    public async Task ApplyAsync(string manifest)
    {
        var applied = await SendAsync(manifest, "apply", "-f", "-");
        Assert.True(applied.Code == 0, $"{applied}\n{manifest}");
    }

    public Task WaitAsync(string what, string condition) => RunAsync("wait", $"--for={condition}", "--timeout=50s", what);

    /// <summary>Gives it an input and waits for its end, whatever that is.</summary>
    public async Task<Ended> SendAsync(string input, params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Shell.Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"kubectl {string.Join(' ', arguments)} did not end");
        }

        return new Ended(process.ExitCode, await output, await errors);
    }

    public Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("kubectl", [.. Common, .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>Runs it until what it prints satisfies.</summary>
    public Task<string> UntilAsync(string what, Func<string, bool> satisfies, params string[] arguments) =>
        Eventually.Async(what, PodsCluster.Patience, TimeProvider.System,
            async _ => (await SendAsync("", arguments)) is { Code: 0 } ended && satisfies(ended.Output) ? ended.Output : null, TestContext.Current.CancellationToken);

    private string[] Common => ["--kubeconfig", Kubeconfig, "--namespace", Name];

    public sealed record Ended(int Code, string Output, string Errors);
}
