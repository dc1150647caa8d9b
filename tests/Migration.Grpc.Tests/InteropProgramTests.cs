using Migration.Interop;
using Migration.Testing;

namespace Migration.Grpc.Tests;

/// <summary>The two programs, as anybody would run them.</summary>
public sealed class InteropProgramTests
{
    private static readonly string Server = Path.Combine(AppContext.BaseDirectory, "grpc-interop-server");
    private static readonly string Client = Path.Combine(AppContext.BaseDirectory, "grpc-interop-client");

    [Fact(Timeout = 120_000)]
    public async Task They_pass_every_case_with_each_other()
    {
        await using var server = await ForeignPeer.StartAsync(Server, "--port", "0");
        foreach (var name in InteropCases.ByName.Keys)
        {
            var output = await Shell.RunAsync(Client, "--server_host", "127.0.0.1", "--server_port", $"{server.Port}", "--test_case", name);
            Assert.Equal($"{name}: passed\n", output);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_case_that_does_not_pass_ends_with_1_and_says_why()
    {
        var failure = await Assert.ThrowsAsync<ShellException>(() => Shell.RunAsync(Client, "--server_host=127.0.0.1", "--server_port=1", "--test_case=empty_unary"));
        Assert.Contains("exit code 1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Unavailable", failure.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Wrong_arguments_end_with_2_and_the_usage()
    {
        var client = await Assert.ThrowsAsync<ShellException>(() => Shell.RunAsync(Client, "--server_port=1", "--test_case=none"));
        Assert.Contains("exit code 2", client.Message, StringComparison.Ordinal);
        var server = await Assert.ThrowsAsync<ShellException>(() => Shell.RunAsync(Server, "--port", "many"));
        Assert.Contains("exit code 2", server.Message, StringComparison.Ordinal);
    }
}
