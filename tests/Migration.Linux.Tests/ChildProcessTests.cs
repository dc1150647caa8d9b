namespace Migration.Linux.Tests;

public sealed class ChildProcessTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public void Code_and_signal_that_ended_a_child_are_told_apart()
    {
        using var coded = Start("exit 3");
        using var killed = Start("kill -9 $$");

        Assert.Equal(new ProcessExit(3, 0), coded.WaitForExit());
        Assert.Equal(new ProcessExit(0, 9), killed.WaitForExit());
        Assert.Equal(new ProcessExit(0, 9), killed.WaitForExit());
    }

    [Fact]
    public void Child_has_the_descriptors_it_was_given_and_no_others()
    {
        using var given = FileDescriptor.Open("/dev/zero");
        using var kept = FileDescriptor.Open("/dev/full");
        var output = Path.GetTempFileName();
        try
        {
            // The shell itself opens none; "exec" leaves no second process.
            using (var child = Start("for file in /proc/self/fd/*; do :; done; exec readlink /proc/self/fd/*", output, given))
                child.WaitForExit();

            var links = File.ReadAllLines(output);
            Assert.Contains("/dev/zero", links);
            Assert.DoesNotContain("/dev/full", links);
        }
        finally
        {
            File.Delete(output);
        }
    }

    [Fact]
    public void Given_descriptor_keeps_its_number_in_the_child_and_stays_private_here()
    {
        using var given = FileDescriptor.Open("/dev/zero");
        using (var child = Start($"test -c /proc/self/fd/{given.Number}", null, given))
            Assert.Equal(new ProcessExit(0, 0), child.WaitForExit());

        using var other = Start($"test -e /proc/self/fd/{given.Number}");
        Assert.Equal(new ProcessExit(1, 0), other.WaitForExit());
    }

    [Fact]
    public void Program_that_is_not_there_is_named()
    {
        using var nothing = FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);

        var refused = Assert.Throws<LinuxException>(() => ChildProcess.Start("/no/such/program", [], nothing, nothing, nothing, []));

        Assert.Equal(Errno.ENOENT, refused.Errno);
        Assert.Contains("/no/such/program", refused.Message);
    }

    [Fact]
    public void Signals_of_this_program_are_not_handed_down()
    {
        // .NET ignores SIGPIPE; a child that inherited that would not be ended by it.
        using var child = Start("kill -PIPE $$; exit 0");

        Assert.Equal(new ProcessExit(0, 13), child.WaitForExit());
    }

    [Fact]
    public void End_of_a_child_can_be_waited_for_through_its_handle()
    {
        using var child = Start("exit 0");

        Assert.True(child.Handle.WaitForExit(Limit));
        Assert.Equal(new ProcessExit(0, 0), child.WaitForExit());
    }

    private static ChildProcess Start(string script, string? outputPath = null, params IReadOnlyList<FileDescriptor> given)
    {
        using var input = FileDescriptor.Open("/dev/null");
        using var output = FileDescriptor.Open(outputPath ?? "/dev/null", FileAccess.Write);
        using var errors = FileDescriptor.Open("/dev/null", FileAccess.Write);
        return ChildProcess.Start("/bin/sh", ["-c", script], input, output, errors, given);
    }
}
