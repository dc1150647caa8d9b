using System.Diagnostics;

namespace Migration.Testing;

/// <summary>Runs the system's own tools, the second opinion of our tests. Product code never does.</summary>
public static class Shell
{
    /// <summary>No tool that a test waits for takes longer, unless it hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Returns standard output; a program that fails, or hangs, is an exception that holds what it said.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
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
            process.Kill(entireProcessTree: true);
            throw new ShellException(Describe("did not end", null, null));
        }

        return process.ExitCode == 0 ? await output : throw new ShellException(Describe($"exit code {process.ExitCode}", await output, await errors));

        string Describe(string outcome, string? stdout, string? stderr) => $"{program} {string.Join(' ', arguments)}: {outcome}\n{stderr}{stdout}";
    }

    /// <summary>The same for a command line without quoting: words are separated by single spaces.</summary>
    public static Task<string> RunLineAsync(string line)
    {
        var words = line.Split(' ');
        return RunAsync(words[0], words[1..]);
    }
}
