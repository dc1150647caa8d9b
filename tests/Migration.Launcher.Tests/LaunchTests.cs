using Migration.Linux;
using Migration.Protos.Launcher;
using Migration.Testing;

namespace Migration.Launcher.Tests;

public sealed class LaunchTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Launcher_waits_until_it_is_told_to_launch()
    {
        using var launcher = new LauncherUnderTest();

        var reply = await launcher.DescribeAsync();

        Assert.Equal("", reply.Error);
        Assert.Equal(Phase.Waiting, reply.State.Phase);
        Assert.False(reply.State.Stopping);
        Assert.Equal(File.Exists("/etc/resolv.conf") ? await File.ReadAllTextAsync("/etc/resolv.conf", TestContext.Current.CancellationToken) : "", reply.State.ResolverConfiguration);
    }

    [Fact]
    public async Task Guest_boots_and_its_shutdown_ends_the_launcher_with_code_zero()
    {
        using var launcher = new LauncherUnderTest();
        var reply = await launcher.CallAsync(launcher.LaunchRequest(withGuest: true));
        Assert.Equal("", reply.Error);
        await using (var session = await launcher.ConnectQmpAsync())
        {
            await session.ContinueAsync(Ct);
            await launcher.Guest.WaitForAsync("GUEST-UP", Ct);
            await session.PowerDownAsync(Ct);
        }

        var exit = await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit);

        Assert.Equal(new ProcessExit(0, 0), exit);
        Assert.Contains("GUEST-POWEROFF", launcher.Guest.Console);
        Assert.True(launcher.Qemu.HasExited);
        Assert.False(File.Exists(launcher.SocketPath));
    }

    [Fact]
    public async Task Launching_again_with_the_same_id_answers_with_what_runs()
    {
        using var launcher = new LauncherUnderTest();
        var first = await launcher.CallAsync(launcher.LaunchRequest());

        var again = await launcher.CallAsync(launcher.LaunchRequest());
        var other = await launcher.CallAsync(launcher.LaunchRequest("launch-2"));

        Assert.Equal(Phase.Running, first.State.Phase);
        Assert.Equal("", again.Error);
        Assert.Equal(first.State, again.State);
        Assert.Equal("launch launch-2: launch-1 was launched already", other.Error);
        Assert.Equal(first.State, other.State);
    }

    [Fact]
    public async Task Qemu_gets_the_descriptors_it_was_sent_and_no_others()
    {
        using var space = TestNamespace.Create("launch");
        using var tap = Tap.Open(space.Space, "tap0", new TapOptions { Queues = 2 });
        using var inherited = FileDescriptor.Open("/etc/hostname");
        using var launcher = new LauncherUnderTest(user: 107, inherited: inherited);
        using var bystander = launcher.Connect();

        var reply = await launcher.CallAsync(launcher.LaunchRequest(tapFiles: ["tap0-0", "tap0-1"]), [.. tap.Queues]);
        Assert.Equal("", reply.Error);
        await using var session = await launcher.ConnectQmpAsync();

        var files = Directory.EnumerateFileSystemEntries($"/proc/{reply.State.QemuPid}/fd").Select(entry => new FileInfo(entry).LinkTarget ?? "").ToArray();
        Assert.Equal(2, files.Count(file => file == "/dev/net/tun"));
        // The launcher's own: its listener, its connections, its epoll. QEMU's are sockets too: one that listens and one that is connected.
        Assert.Equal(2, files.Count(file => file.StartsWith("socket:", StringComparison.Ordinal)));
        Assert.DoesNotContain("/etc/hostname", files);
        Assert.DoesNotContain(files, file => file.Contains("migration-launcher", StringComparison.Ordinal));
        Assert.Contains("Uid:\t107\t107\t107\t107", await File.ReadAllTextAsync($"/proc/{reply.State.QemuPid}/status", Ct));
    }

    [Fact]
    public async Task Launcher_lets_go_of_the_descriptors_it_handed_on()
    {
        using var space = TestNamespace.Create("launch");
        using var launcher = new LauncherUnderTest();
        using (var tap = Tap.Open(space.Space, "tap0", new TapOptions()))
            Assert.Equal("", (await launcher.CallAsync(launcher.LaunchRequest(tapFiles: ["tap0"]), [.. tap.Queues])).Error);
        await using (var session = await launcher.ConnectQmpAsync())
        {
            // The tap lives as long as somebody holds it: QEMU does now.
            Assert.Contains("tap0", await space.IpAsync("-o link"));
            Assert.DoesNotContain("/dev/net/tun", Directory.EnumerateFileSystemEntries($"/proc/{launcher.Process.Id}/fd").Select(entry => new FileInfo(entry).LinkTarget));
            await launcher.CallAsync(new Request { BecomeAnchor = new() });
        }

        Assert.DoesNotContain("tap0", await space.IpAsync("-o link"));
    }

    public static TheoryData<string, Launch> BadLaunches() => new()
    {
        { "launch: id is empty", new() { Program = "sleep" } },
        { "launch: program is empty", new() { Id = "x" } },
        { "launch: there is no program no-such-qemu", new() { Id = "x", Program = "no-such-qemu" } },
        { "launch: there is no program /no/such/qemu", new() { Id = "x", Program = "/no/such/qemu" } },
        { "launch: 1 file names came with 0 descriptors", new() { Id = "x", Program = "sleep", FileNames = { "tap0" } } },
        { "launch: argument \"fd={fd:tap1}\" names a file that was not sent", new() { Id = "x", Program = "sleep", Arguments = { "fd={fd:tap1}" } } },
        { "launch: argument \"fd={fd:tap\" names a file that was not sent", new() { Id = "x", Program = "sleep", Arguments = { "fd={fd:tap" } } },
        { "launch: an argument contains a zero byte", new() { Id = "x", Program = "sleep", Arguments = { "a\0b" } } },
    };

    [Theory]
    [MemberData(nameof(BadLaunches), DisableDiscoveryEnumeration = true)]
    public async Task Bad_launch_is_refused_with_the_reason_and_a_good_one_can_follow(string reason, Launch launch)
    {
        using var launcher = new LauncherUnderTest();

        var refused = await launcher.CallAsync(new Request { Launch = launch });

        Assert.Equal(reason, refused.Error);
        Assert.Equal(Phase.Waiting, refused.State.Phase);
        Assert.Equal("", (await launcher.CallAsync(launcher.LaunchRequest())).Error);
    }

    [Fact]
    public async Task What_qemu_said_before_it_failed_is_told_and_its_code_is_the_launchers()
    {
        using var launcher = new LauncherUnderTest();
        using var socket = launcher.Connect();
        var request = new Request { Launch = new() { Id = "x", Program = "qemu-system-x86_64", Arguments = { "-machine", "no-such-machine" } } };
        Assert.Equal("", (await launcher.CallAsync(socket, request)).Error);

        State state;
        do
            state = (await launcher.CallAsync(socket, new Request { Describe = new() })).State;
        while (state.Phase != Phase.Ended);

        Assert.Equal(1, state.ExitCode);
        Assert.Contains("unsupported machine type", state.LastWords);
        Assert.Equal(new ProcessExit(1, 0), await launcher.Process.WaitForExitAsync(LauncherUnderTest.Limit));
        Assert.Contains("unsupported machine type", launcher.Process.Errors);
    }

    [Fact]
    public async Task Launcher_is_small()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.CallAsync(launcher.LaunchRequest());
        for (var call = 0; call < 200; call++)
            await launcher.DescribeAsync();

        var status = await File.ReadAllLinesAsync($"/proc/{launcher.Process.Id}/status", Ct);
        var resident = int.Parse(status.Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);

        TestContext.Current.TestOutputHelper!.WriteLine($"resident: {resident} KiB");
        Assert.InRange(resident, 0, 12 * 1024);
    }
}
