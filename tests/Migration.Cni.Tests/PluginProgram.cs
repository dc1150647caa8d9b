using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Migration.Cni.Tests;

/// <summary>The built plugin, executed as a runtime does: environment, standard input, and nothing else.</summary>
internal static class PluginProgram
{
    // Far beyond any wait that a test configures.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly Lazy<string> Built = new(Find);

    /// <summary>What the plugin did.</summary>
    public sealed record Outcome(int ExitCode, string Output, string Errors, TimeSpan Took)
    {
        public JsonObject Json => JsonNode.Parse(Output)?.AsObject() ?? throw new InvalidOperationException("null on standard output");

        public int Code => (int)Json["code"]!;

        public string Message => (string)Json["msg"]!;

        public override string ToString() => $"exit code {ExitCode} after {Took.TotalMilliseconds:0} ms\nstdout: {Output}\nstderr: {Errors}";
    }

    public static string Path => Built.Value;

    public static async Task<Outcome> RunAsync(IReadOnlyDictionary<string, string> environment, string input)
    {
        var start = new ProcessStartInfo(Path) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        using var kill = limit.Token.Register(() => process.Kill());
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It may refuse before it has read everything.
        }
        await process.WaitForExitAsync();
        return new Outcome(process.ExitCode, await output, await errors, clock.Elapsed);
    }

    private static string Find()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(System.IO.Path.Combine(root, "Migration.sln")))
            root = System.IO.Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Migration.sln is in no folder above the tests");
        var program = System.IO.Path.Combine(root, "out", "bin", "migration-cni");
        if (!File.Exists(program)) throw new InvalidOperationException($"{program} is not built: make build");
        var built = File.GetLastWriteTimeUtc(program);
        var newer = Directory.EnumerateFiles(System.IO.Path.Combine(root, "cni"), "*.cs").FirstOrDefault(f => File.GetLastWriteTimeUtc(f) > built);
        return newer is null ? program : throw new InvalidOperationException($"{program} is older than {newer}: make build");
    }
}
