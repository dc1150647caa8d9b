using Migration.Linux;

namespace Migration.Qemu.Tests;

/// <summary>Two real QEMUs, and the words in which a migration between them is carried out.</summary>
[Collection(RealQemu.Collection)]
public sealed class MigrationTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    // Slow enough that a test can act while memory is being copied.
    private static readonly CopySettings Slow = new() { MaxBandwidth = 2 << 20 };

    [Fact]
    public async Task Guest_moves_over_a_unix_socket_and_lives_on()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await source.Console.WaitForTicksAsync(1, Ct);
        var ticks = source.Console.Ticks;

        await PrepareAsync(source, target, new(), target.IncomingUri);
        using var stopped = source.Session.Listen("STOP");
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);
        Assert.Equal("STOP", (await stopped.NextAsync(Ct)).Name);
        Assert.Equal(RunState.FinishMigrate, await source.StateAsync(Ct));
        Assert.Equal(RunState.InMigrate, await target.StateAsync(Ct));
        await source.Session.MigrateContinueAsync(Ct);
        var sent = await source.WaitForAsync(Ct, MigrationStatus.Completed);
        await target.WaitForAsync(Ct, MigrationStatus.Completed);

        // The target waits for leave: nobody runs the guest in this moment.
        Assert.Equal(RunState.PostMigrate, await source.StateAsync(Ct));
        Assert.Equal(RunState.Paused, await target.StateAsync(Ct));
        await target.Session.ContinueAsync(Ct);
        await target.Console.WaitForTicksAsync(3, Ct);
        Assert.True(target.Console.Ticks > ticks);
        Assert.DoesNotContain("GUEST-CORRUPT", source.Console.Console + target.Console.Console);
        Assert.DoesNotContain("GUEST-UP", target.Console.Console);
        Assert.InRange(sent.Memory!.Transferred, 16 << 20, 4L << 30);
        Assert.True(sent.Downtime is { } downtime && downtime <= sent.TotalTime && sent.Memory.Pass >= 1);
    }

    [Fact]
    public async Task Guest_moves_over_a_connected_descriptor()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        var (left, right) = UnixSocket.Pair();
        using (left)
        using (right)
        {
            await source.Session.GetFdAsync("migration", left.SafeHandle, Ct);
            await target.Session.GetFdAsync("migration", right.SafeHandle, Ct);
        }

        await PrepareAsync(source, target, new(), "fd:migration");
        await MoveAsync(source, target, "fd:migration");

        await target.Console.WaitForTicksAsync(3, Ct);
        Assert.DoesNotContain("GUEST-CORRUPT", target.Console.Console);
    }

    [Fact]
    public async Task Guest_moves_over_several_channels()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);

        await PrepareAsync(source, target, new() { Channels = 3 }, target.IncomingUri);
        Assert.True((await source.Session.QueryMigrateCapabilitiesAsync(Ct))["multifd"]);
        await MoveAsync(source, target, target.IncomingUri);

        await target.Console.WaitForTicksAsync(3, Ct);
        Assert.DoesNotContain("GUEST-CORRUPT", target.Console.Console);
    }

    [Fact]
    public async Task Cancelled_copy_leaves_the_guest_running_and_ends_the_target()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, Slow, target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Active);

        await source.Session.MigrateCancelAsync(Ct);

        await source.WaitForAsync(Ct, MigrationStatus.Cancelled);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await source.Console.WaitForTicksAsync(1, Ct);
        // QEMU 7.2 leaves when an incoming migration fails.
        Assert.True((await target.Session.Ended.WaitAsync(QemuUnderTest.Limit, Ct)).SessionEnded);
    }

    [Fact]
    public async Task Cancelled_before_the_switch_over_the_guest_runs_on()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, new(), target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);

        await source.Session.MigrateCancelAsync(Ct);

        await source.WaitForAsync(Ct, MigrationStatus.Cancelled);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await source.Console.WaitForTicksAsync(1, Ct);
    }

    [Fact]
    public async Task Target_killed_during_the_copy_leaves_the_guest_running()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, Slow, target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Active);

        target.Process.Signal(ProcessSignal.Kill);

        await source.WaitForAsync(Ct, MigrationStatus.Failed);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await source.Console.WaitForTicksAsync(1, Ct);
    }

    [Fact]
    public async Task Target_killed_before_the_switch_over_is_not_noticed_until_the_copy_is_cancelled()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, new(), target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);

        target.Process.Signal(ProcessSignal.Kill);
        await target.Process.WaitForExitAsync(QemuUnderTest.Limit);

        Assert.Equal(MigrationStatus.PreSwitchover, (await source.Session.QueryMigrateAsync(Ct)).Status);
        await source.Session.MigrateCancelAsync(Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Cancelled, MigrationStatus.Failed);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await source.Console.WaitForTicksAsync(1, Ct);
    }

    [Fact]
    public async Task Target_frozen_in_the_switch_over_holds_the_source_until_its_connection_is_cut()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, new(), target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);
        target.Process.Signal(ProcessSignal.Stop);
        using var states = source.Session.Listen("MIGRATION");

        // With more to send than fits into the connection, QEMU answers nothing from here on, not even this command.
        var continued = source.Session.MigrateContinueAsync(Ct);
        Assert.Equal(MigrationStatus.Device, (await states.NextAsync(Ct)).MigrationStatus);
        await source.Session.YankMigrationAsync(Ct);

        await continued;
        await source.WaitForAsync(Ct, MigrationStatus.Failed);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await source.Console.WaitForTicksAsync(1, Ct);
    }

    [Fact]
    public async Task Target_killed_after_it_has_loaded_leaves_the_guest_to_the_source_on_command_only()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, new(), target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);
        await source.Session.MigrateContinueAsync(Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Completed);

        target.Process.Signal(ProcessSignal.Kill);
        await target.Process.WaitForExitAsync(QemuUnderTest.Limit);

        Assert.Equal(RunState.PostMigrate, await source.StateAsync(Ct));
        await source.Session.ContinueAsync(Ct);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await source.Console.WaitForTicksAsync(1, Ct);
        Assert.DoesNotContain("GUEST-CORRUPT", source.Console.Console);
    }

    [Fact]
    public async Task Target_that_is_not_there_is_seen_as_a_failure()
    {
        await using var source = await QemuUnderTest.StartAsync("", Ct);
        await MigrationSetup.PrepareSourceAsync(source.Session, new(), Ct);

        await source.Session.MigrateAsync("unix:/nowhere/incoming.sock", Ct);

        var failed = await source.WaitForAsync(Ct, MigrationStatus.Failed);
        Assert.Contains("/nowhere/incoming.sock", failed.Error);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
    }

    [Fact]
    public async Task Session_lost_during_the_copy_is_renewed_and_the_copy_finished()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await PrepareAsync(source, target, Slow, target.IncomingUri);
        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Active);

        await source.ReconnectAsync(Ct);
        await target.ReconnectAsync(Ct);

        Assert.Equal(MigrationStatus.Active, (await source.Session.QueryMigrateAsync(Ct)).Status);
        await source.Session.SetMigrateParametersAsync(new() { ["max-bandwidth"] = CopySettings.Unlimited }, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);
        await source.ReconnectAsync(Ct);
        Assert.Equal(MigrationStatus.PreSwitchover, (await source.Session.QueryMigrateAsync(Ct)).Status);
        await FinishAsync(source, target);
        await target.Console.WaitForTicksAsync(3, Ct);
        Assert.DoesNotContain("GUEST-CORRUPT", target.Console.Console);
    }

    [Fact]
    public async Task Machine_with_another_uuid_is_refused_by_the_target()
    {
        await using var source = await QemuUnderTest.StartAsync("", Ct);
        await using var target = await QemuUnderTest.CreateAsync(machine => machine with { Uuid = Guid.NewGuid(), Incoming = true }, Ct);
        await PrepareAsync(source, target, new(), target.IncomingUri);

        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        // What it is refused for is not read before the source has stopped, or it is seen at once: either way the guest comes back.
        var seen = await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover, MigrationStatus.Failed);
        if (seen.Status == MigrationStatus.PreSwitchover)
            await source.Session.MigrateContinueAsync(Ct);

        await source.WaitForAsync(Ct, MigrationStatus.Failed);
        Assert.Equal(RunState.Running, await source.StateAsync(Ct));
        await target.Session.Ended.WaitAsync(QemuUnderTest.Limit, Ct);
        Assert.Contains("UUID", target.Process.Errors);
    }

    [Fact]
    public async Task Settings_of_a_failed_migration_do_not_outlive_it()
    {
        await using var source = await QemuUnderTest.StartAsync("dirty=16", Ct);
        await MigrationSetup.PrepareSourceAsync(source.Session, Slow with { Channels = 4, AutoConverge = true, DowntimeLimit = TimeSpan.FromSeconds(9) }, Ct);
        await source.Session.MigrateAsync("unix:/nowhere/incoming.sock", Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Failed);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);

        await PrepareAsync(source, target, new(), target.IncomingUri);

        var capabilities = await source.Session.QueryMigrateCapabilitiesAsync(Ct);
        Assert.Equal(["events", "pause-before-switchover", "return-path", "validate-uuid"], capabilities.Where(entry => entry.Value).Select(entry => entry.Key).Order());
        var parameters = await source.Session.ExecuteAsync("query-migrate-parameters", null, Ct);
        Assert.Equal(CopySettings.Unlimited, parameters.GetProperty("max-bandwidth").GetInt64());
        Assert.Equal(50, parameters.GetProperty("downtime-limit").GetInt64());
        await MoveAsync(source, target, target.IncomingUri);
        await target.Console.WaitForTicksAsync(1, Ct);
    }

    [Theory]
    [InlineData(100, 1000, 500)]
    [InlineData(1000, 100, 50)]
    public async Task Downtime_limit_allows_for_a_cap_below_the_lines_rate(long cap, long line, long expectedMilliseconds)
    {
        await using var source = await QemuUnderTest.CreateAsync(machine => machine, Ct);

        await MigrationSetup.PrepareSourceAsync(source.Session, new() { MaxBandwidth = cap << 20, LineBandwidth = line << 20 }, Ct);

        var parameters = await source.Session.ExecuteAsync("query-migrate-parameters", null, Ct);
        Assert.Equal(cap << 20, parameters.GetProperty("max-bandwidth").GetInt64());
        // Newer ones are told the line's rate instead.
        Assert.Equal(parameters.TryGetProperty("avail-switchover-bandwidth", out var told) ? 50 : expectedMilliseconds, parameters.GetProperty("downtime-limit").GetInt64());
        Assert.True(told.ValueKind == System.Text.Json.JsonValueKind.Undefined || told.GetInt64() == line << 20);
    }

    [Fact]
    public async Task Paused_guest_moves_and_stays_paused()
    {
        await using var source = await QemuUnderTest.StartAsync("", Ct);
        await using var target = await QemuUnderTest.CreateIncomingAsync(Ct);
        await source.Session.StopAsync(Ct);
        await PrepareAsync(source, target, new(), target.IncomingUri);

        await source.Session.MigrateAsync(target.IncomingUri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);
        await source.Session.MigrateContinueAsync(Ct);
        await source.WaitForAsync(Ct, MigrationStatus.Completed);
        await target.WaitForAsync(Ct, MigrationStatus.Completed);

        Assert.Equal(RunState.Paused, await target.StateAsync(Ct));
    }

    [Fact]
    public async Task Stop_of_an_idle_guest_is_measured()
    {
        await using var first = await QemuUnderTest.StartAsync("", Ct, memoryMiB: 512);
        var source = first;
        var stops = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            var target = await QemuUnderTest.CreateIncomingAsync(Ct, memoryMiB: 512);
            await PrepareAsync(source, target, new(), target.IncomingUri);
            using var stop = source.Session.Listen("STOP");
            using var resume = target.Session.Listen("RESUME");
            await MoveAsync(source, target, target.IncomingUri);

            stops.Add(((await resume.NextAsync(Ct)).Timestamp - (await stop.NextAsync(Ct)).Timestamp).TotalMilliseconds);
            if (source != first)
                await source.DisposeAsync();
            source = target;
            await source.Console.WaitForTicksAsync(1, Ct);
        }

        await source.DisposeAsync();
        TestContext.Current.TestOutputHelper!.WriteLine($"STOP to RESUME, 512 MiB, idle, ms: {string.Join(' ', stops.Select(stop => stop.ToString("0.0")))}");
        Assert.All(stops, stop => Assert.InRange(stop, 0, QemuUnderTest.Limit.TotalMilliseconds));
    }

    private static async Task PrepareAsync(QemuUnderTest source, QemuUnderTest target, CopySettings settings, string uri)
    {
        await MigrationSetup.PrepareTargetAsync(target.Session, settings, Ct);
        await target.Session.MigrateIncomingAsync(uri, Ct);
        await MigrationSetup.PrepareSourceAsync(source.Session, settings, Ct);
    }

    private static async Task MoveAsync(QemuUnderTest source, QemuUnderTest target, string uri)
    {
        await source.Session.MigrateAsync(uri, Ct);
        await source.WaitForAsync(Ct, MigrationStatus.PreSwitchover);
        await FinishAsync(source, target);
    }

    private static async Task FinishAsync(QemuUnderTest source, QemuUnderTest target)
    {
        await source.Session.MigrateContinueAsync(Ct);
        await target.WaitForAsync(Ct, MigrationStatus.Completed);
        await source.WaitForAsync(Ct, MigrationStatus.Completed);
        await target.Session.ContinueAsync(Ct);
    }
}
