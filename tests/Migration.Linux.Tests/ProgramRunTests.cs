namespace Migration.Linux.Tests;

public sealed class ProgramRunTests : IDisposable
{
    // Never reached, unless something hangs.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Dictionary<string, string> Variables = new() { ["GREETING"] = "Guten Tag", ["HOME"] = "/nowhere" };
    private readonly string _folder = Directory.CreateTempSubdirectory("program-run").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Program_has_its_input_and_environment_and_is_heard()
    {
        var run = ProgramRun.Execute(Script("cat; echo \"$GREETING $HOME $PATH\"; echo away >&2; exit 3"), Variables, "in\n"u8.ToArray(), Limit);

        Assert.Equal($"in\nGuten Tag /nowhere {Environment.GetEnvironmentVariable("PATH")}\n", run.Output);
        Assert.Equal(("away\n", new ProcessExit(3, 0), null), (run.Errors, run.Exit, run.Killed));
    }

    [Fact]
    public void Input_may_be_longer_than_a_pipe_and_need_not_be_read()
    {
        var long_ = new byte[700_000];

        Assert.Equal("700000", ProgramRun.Execute(Script("wc -c"), Variables, long_, Limit).Output.Trim());
        Assert.Equal("7\n", ProgramRun.Execute(Script("exec <&-; echo 7"), Variables, long_, Limit).Output);
        Assert.Equal("8\n", ProgramRun.Execute(Script("echo 8"), Variables, long_, Limit).Output);
    }

    [Fact]
    public void Who_takes_too_long_is_killed_with_all_children()
    {
        var run = ProgramRun.Execute(Script($"sleep 1000 & echo $! > {_folder}/child; echo waiting; wait"), Variables, default, TimeSpan.FromSeconds(3));

        Assert.Equal(("it did not end within 3 s", "waiting\n", new ProcessExit(0, 9)), (run.Killed, run.Output, run.Exit));
        var child = int.Parse(File.ReadAllText($"{_folder}/child"));
        // Its new parent may not have taken note of its death yet.
        var waiting = TimeProvider.System.GetTimestamp();
        while (Lives(child) && TimeProvider.System.GetElapsedTime(waiting) < Limit)
            Thread.Sleep(5);
        Assert.False(Lives(child));
    }

    [Fact]
    public void Who_says_too_much_is_killed()
    {
        var run = ProgramRun.Execute(Script("while :; do echo nonsense; done"), Variables, default, Limit, longestOutput: 1000);

        Assert.Equal(("it wrote too much", 1000), (run.Killed, run.Output.Length));
    }

    [Fact]
    public void Child_left_behind_in_peace_is_not_waited_for()
    {
        var run = ProgramRun.Execute(Script("sleep 1000 & echo $!"), Variables, default, Limit);

        using var child = ProcessHandle.Open(int.Parse(run.Output));
        Assert.Null(run.Killed);
        Assert.False(child.HasExited);
        child.Signal(ProcessSignal.Kill);
    }

    [Fact]
    public void Missing_program_is_named() =>
        Assert.Contains($"start {_folder}/none", Assert.Throws<LinuxException>(() => ProgramRun.Execute($"{_folder}/none", Variables, default, Limit)).Message);

    private static bool Lives(int id) => File.Exists($"/proc/{id}/stat") && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z", StringComparison.Ordinal);

    private string Script(string lines)
    {
        var path = Path.Combine(_folder, "script");
        File.Delete(path);
        File.WriteAllText(path, $"#!/bin/sh\n{lines}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
