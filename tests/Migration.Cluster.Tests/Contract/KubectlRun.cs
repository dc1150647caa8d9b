using System.Diagnostics;

namespace Migration.Cluster.Tests.Contract;

/// <summary>A run of the real kubectl and what it said.</summary>
public sealed record KubectlRun(string Command, int Code, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static string Program => Environment.GetEnvironmentVariable("MIGRATION_KUBECTL") is { Length: > 0 } given ? given : "kubectl";

    public static async Task<KubectlRun> StartAsync(string kubeconfig, string cache, string? input, string[] arguments,
        IReadOnlyDictionary<string, string>? environment)
    {
        using var process = Process.Start(Describe(kubeconfig, cache, arguments, environment)) ?? throw new InvalidOperationException("kubectl did not start");
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(true);
            throw new TimeoutException($"kubectl {string.Join(' ', arguments)} did not end");
        }
        return new KubectlRun(string.Join(' ', arguments), process.ExitCode, await output, await errors);
    }

    public static ProcessStartInfo Describe(string kubeconfig, string cache, string[] arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(Program, ["--cache-dir", cache, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = kubeconfig;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return start;
    }

    /// <summary>It succeeded; returns what it printed.</summary>
    public string Ok()
    {
        Assert.True(Code == 0, ToString());
        return Output;
    }

    /// <summary>It succeeded and printed this.</summary>
    public KubectlRun Says(string text)
    {
        Assert.Contains(text, Ok(), StringComparison.Ordinal);
        return this;
    }

    /// <summary>It failed with this on standard error.</summary>
    public KubectlRun Fails(string text)
    {
        Assert.True(Code != 0, ToString());
        Assert.Contains(text, Errors, StringComparison.Ordinal);
        return this;
    }

    public override string ToString() => $"kubectl {Command}: exit code {Code}\n{Output}{Errors}";
}
