using Migration.Linux;
using Migration.Protos.Launcher;

namespace Migration.Launcher.Tests;

public sealed class EndingTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_launcher_takes_qemu_with_it()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.CallAsync(launcher.LaunchRequest());
        await using var session = await launcher.ConnectQmpAsync();

        launcher.Process.Signal(ProcessSignal.Kill);

        Assert.True(launcher.Qemu.WaitForExit(LauncherUnderTest.Limit));
    }

    [Fact]
    public async Task Unprivileged_launcher_takes_qemu_with_it_too()
    {
        using var launcher = new LauncherUnderTest(user: 107);
        await launcher.CallAsync(launcher.LaunchRequest());
        await using var session = await launcher.ConnectQmpAsync();

        launcher.Process.Signal(ProcessSignal.Kill);

        Assert.True(launcher.Qemu.WaitForExit(LauncherUnderTest.Limit));
    }

    [Fact]
    public async Task Shutdown_ends_qemu_and_the_launcher()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.CallAsync(launcher.LaunchRequest());
        await using var session = await launcher.ConnectQmpAsync();

        var reply = await launcher.CallAsync(new Request { Shutdown = new() { GraceMilliseconds = 10_000 } });

        Assert.Equal("", reply.Error);
        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
        Assert.True(launcher.Qemu.HasExited);
    }

    [Fact]
    public async Task Shutdown_kills_a_qemu_that_does_not_react()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.CallAsync(launcher.LaunchRequest());
        await using var session = await launcher.ConnectQmpAsync();
        launcher.Qemu.Signal(ProcessSignal.Stop);

        await launcher.CallAsync(new Request { Shutdown = new() { GraceMilliseconds = 50 } });

        Assert.Equal(new ProcessExit(128 + 9, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
        Assert.True(launcher.Qemu.HasExited);
    }

    [Fact]
    public async Task Shutdown_of_a_launcher_that_launched_nothing_ends_it()
    {
        using var launcher = new LauncherUnderTest();

        await launcher.CallAsync(new Request { Shutdown = new() });

        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
    }

    [Fact]
    public async Task Anchor_stays_without_qemu_and_ends_when_told()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.CallAsync(launcher.LaunchRequest());
        await using (var session = await launcher.ConnectQmpAsync())
        {
            var reply = await launcher.CallAsync(new Request { BecomeAnchor = new() });

            Assert.Equal("", reply.Error);
            Assert.Equal(Phase.Anchor, reply.State.Phase);
        }

        Assert.True(launcher.Qemu.HasExited);
        Assert.Equal(Phase.Anchor, (await launcher.CallAsync(new Request { BecomeAnchor = new() })).State.Phase);
        Assert.Equal(Phase.Anchor, (await launcher.DescribeAsync()).State.Phase);
        launcher.Process.Signal(ProcessSignal.Terminate);
        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
    }

    [Fact]
    public async Task Anchor_needs_something_that_was_launched()
    {
        using var launcher = new LauncherUnderTest();

        var reply = await launcher.CallAsync(new Request { BecomeAnchor = new() });

        Assert.Equal("become anchor: nothing was launched", reply.Error);
        Assert.Equal(Phase.Waiting, reply.State.Phase);
    }

    [Fact]
    public async Task Terminated_while_waiting_it_ends_at_once()
    {
        using var launcher = new LauncherUnderTest();

        launcher.Process.Signal(ProcessSignal.Terminate);

        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
    }

    [Fact]
    public async Task Terminated_without_a_node_it_presses_the_power_button_itself()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.CallAsync(launcher.LaunchRequest(withGuest: true));
        await using (var session = await launcher.ConnectQmpAsync())
            await session.ContinueAsync(Ct);
        await launcher.Guest.WaitForAsync("GUEST-UP", Ct);

        launcher.Process.Signal(ProcessSignal.Terminate);

        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
        Assert.Contains("GUEST-POWEROFF", launcher.Guest.Console);
    }

    [Fact]
    public async Task Terminated_with_a_node_it_says_that_it_is_stopping_and_leaves_the_guest_to_the_node()
    {
        using var launcher = new LauncherUnderTest();
        using var node = launcher.Connect();
        await launcher.CallAsync(node, launcher.LaunchRequest());
        await using var session = await launcher.ConnectQmpAsync();

        launcher.Process.Signal(ProcessSignal.Terminate);

        State state;
        do
            state = (await launcher.CallAsync(node, new Request { Describe = new() })).State;
        while (!state.Stopping);
        Assert.Equal(Phase.Running, state.Phase);
        await session.QuitAsync(Ct);
        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
    }

    [Fact]
    public async Task Terminated_with_a_guest_that_does_not_shut_down_it_ends_qemu_after_the_grace_period()
    {
        using var launcher = new LauncherUnderTest(graceSeconds: 0.2);
        await launcher.CallAsync(launcher.LaunchRequest());
        await using (var session = await launcher.ConnectQmpAsync())
            Assert.Equal(Qemu.RunState.Prelaunch, (await session.QueryStatusAsync(Ct)).State);

        launcher.Process.Signal(ProcessSignal.Terminate);

        Assert.Equal(new ProcessExit(0, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
        Assert.Contains("the guest did not shut down in time", launcher.Process.Errors);
        Assert.True(launcher.Qemu.HasExited);
    }
}
