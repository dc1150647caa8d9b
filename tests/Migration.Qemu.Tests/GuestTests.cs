using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using Migration.Linux;
using Migration.Testing;

namespace Migration.Qemu.Tests;

/// <summary>One real QEMU.</summary>
[Collection(RealQemu.Collection)]
public sealed class GuestTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machine_starts_stopped_and_runs_when_told()
    {
        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine, Ct);
        Assert.Equal(new GuestStatus(false, RunState.Prelaunch), await qemu.Session.QueryStatusAsync(Ct));
        using var events = qemu.Session.Listen("STOP", "RESUME");

        await qemu.Session.ContinueAsync(Ct);
        Assert.Equal("RESUME", (await events.NextAsync(Ct)).Name);
        await qemu.Console.WaitForAsync("GUEST-UP", Ct);
        await qemu.Session.StopAsync(Ct);

        Assert.Equal("STOP", (await events.NextAsync(Ct)).Name);
        Assert.Equal(new GuestStatus(false, RunState.Paused), await qemu.Session.QueryStatusAsync(Ct));
        var ticks = qemu.Console.Ticks;
        await qemu.Session.ContinueAsync(Ct);
        Assert.Equal(new GuestStatus(true, RunState.Running), await qemu.Session.QueryStatusAsync(Ct));
        await qemu.Console.WaitForTicksAsync(1, Ct);
        Assert.True(qemu.Console.Ticks > ticks);
    }

    [Fact]
    public async Task Power_button_lets_the_guest_shut_itself_down()
    {
        await using var qemu = await QemuUnderTest.StartAsync("", Ct);

        await qemu.Session.PowerDownAsync(Ct);

        Assert.Equal(new ProcessExit(0, 0), await qemu.Process.WaitForExitAsync(QemuUnderTest.Limit));
        Assert.Contains("GUEST-POWEROFF", qemu.Console.Console);
        Assert.True((await qemu.Session.Ended.WaitAsync(Ct)).SessionEnded);
    }

    [Fact]
    public async Task Qemu_tells_what_it_is_and_can()
    {
        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine, Ct);

        var version = await qemu.Session.QueryVersionAsync(Ct);
        var schema = await qemu.Session.QuerySchemaAsync(Ct);
        var machines = await qemu.Session.QueryMachinesAsync(Ct);
        var models = await qemu.Session.QueryCpuModelsAsync(Ct);
        var capabilities = await qemu.Session.QueryMigrateCapabilitiesAsync(Ct);

        Assert.Equal(qemu.Session.Version, version);
        Assert.True(schema.HasCommand("migrate-continue") && schema.HasEvent("MIGRATION_PASS"));
        Assert.False(schema.HasCommand("MIGRATION_PASS") || schema.HasEvent("migrate") || schema.HasCommand("no-such-command"));
        Assert.Contains("uri", schema.ArgumentsOf("migrate-incoming"));
        Assert.Empty(schema.ArgumentsOf("query-status"));
        Assert.StartsWith("pc-q35-", Assert.Single(machines, machine => machine.Alias == "q35").Name);
        Assert.Contains(models, model => model is { Name: "qemu64", MigrationSafe: true });
        Assert.False(capabilities["pause-before-switchover"]);
        Assert.Contains("max-bandwidth", await qemu.Session.QueryMigrateParametersAsync(Ct));
        Assert.Equal(MigrationStatus.None, (await qemu.Session.QueryMigrateAsync(Ct)).Status);
    }

    [Fact]
    public async Task Refused_command_is_told_in_qemus_words()
    {
        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine, Ct);

        Assert.Equal("closefd", (await Assert.ThrowsAsync<QmpException>(() => qemu.Session.CloseFdAsync("net-hot-0", Ct))).Command);
        var refused = await Assert.ThrowsAsync<QmpException>(() => qemu.Session.MigrateContinueAsync(Ct));
        var unknown = await Assert.ThrowsAsync<QmpException>(() => qemu.Session.ExecuteAsync("no-such-command", null, Ct));

        Assert.Equal("migrate-continue", refused.Command);
        Assert.Equal("GenericError", refused.Class);
        Assert.Equal("CommandNotFound", unknown.Class);
        Assert.False(unknown.SessionEnded);
    }

    [Fact]
    public async Task Second_client_is_greeted_when_the_first_has_left()
    {
        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine, Ct);
        var first = qemu.Session;

        await qemu.ReconnectAsync(Ct);

        Assert.NotSame(first, qemu.Session);
        Assert.Equal(RunState.Prelaunch, await qemu.StateAsync(Ct));
    }

    [Fact]
    public async Task Card_is_plugged_in_used_by_the_guest_and_taken_out_again()
    {
        using var space = TestNamespace.Create("nic");
        using var tap = Tap.Open(space.Space, "tap0", new TapOptions());
        await space.IpAsync("link set tap0 up");
        using var frames = PacketSocket.Open(space.Space, InterfaceIndex(await space.IpAsync("-o link show tap0")), new PacketOptions());
        await using var qemu = await QemuUnderTest.StartAsync("", Ct);
        var card = new NetworkCard { Id = "hot", Slot = 5, Mac = PhysicalAddress.Parse("02-00-00-00-00-55") };

        await qemu.Session.AddNetworkCardAsync(card, [.. tap.Queues], Ct);
        // The guest starts a DHCP client on a card as soon as it sees it.
        Assert.True(await SeesFrameFromAsync(frames, card.Mac), qemu.Console.Console);
        await qemu.Session.SetLinkAsync("hot", false, Ct);
        Assert.Equal(["hot"], await qemu.Session.QueryNetworkCardsAsync(Ct));
        using var deleted = qemu.Session.Listen(happened => happened.Name == "DEVICE_DELETED" && happened.Data.TryGetProperty("device", out _));
        await qemu.Session.AskForNetworkCardAsync("hot", Ct);
        // Also once more, while the guest is at it.
        await qemu.Session.AskForNetworkCardAsync("hot", Ct);
        await deleted.NextAsync(Ct);
        Assert.Empty(await qemu.Session.QueryNetworkCardsAsync(Ct));

        // With its backend left behind, and a descriptor besides, as by somebody who died, it can come again.
        await qemu.Session.GetFdAsync("net-hot-0", tap.Queues[0], Ct);
        await qemu.Session.AddNetworkCardAsync(card, [.. tap.Queues], Ct);
        Assert.Equal(["hot"], await qemu.Session.QueryNetworkCardsAsync(Ct));
        var refused = await Assert.ThrowsAsync<QmpException>(() => qemu.Session.AddNetworkCardAsync(card with { Id = "other" }, [.. tap.Queues], Ct));
        Assert.Equal("device_add", refused.Command);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Card_whose_plugging_was_interrupted_after_any_command_is_plugged_in_by_the_next_session(int done)
    {
        using var space = TestNamespace.Create("nic");
        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine, Ct);
        var card = new NetworkCard { Id = "hot", Slot = 2, Mac = PhysicalAddress.Parse("02-00-00-00-00-56") };
        using (var tap = Tap.Open(space.Space, "tap0", new TapOptions { Queues = 2, Persistent = true, VirtioNetHeader = true }))
        {
            string[] names = ["net-hot-0", "net-hot-1"];
            Func<Task>[] commands =
            [
                () => qemu.Session.GetFdAsync(names[0], tap.Queues[0], Ct),
                () => qemu.Session.GetFdAsync(names[1], tap.Queues[1], Ct),
                () => qemu.Session.ExecuteAsync("netdev_add", new JsonObject { ["type"] = "tap", ["id"] = "net-hot", ["fds"] = string.Join(':', names), ["vhost"] = false }, Ct),
            ];
            foreach (var command in commands.Take(done))
                await command();
        }

        await qemu.ReconnectAsync(Ct);
        Assert.Empty(await qemu.Session.QueryNetworkCardsAsync(Ct));
        await qemu.Session.RemoveBackendAsync("hot", 2, Ct);
        using var again = Tap.Open(space.Space, "tap0", new TapOptions { Queues = 2, VirtioNetHeader = true });
        await qemu.Session.AddNetworkCardAsync(card, [.. again.Queues], Ct);

        Assert.Equal(["hot"], await qemu.Session.QueryNetworkCardsAsync(Ct));
    }

    private static int InterfaceIndex(string line) => int.Parse(line.Split(':')[0]);

    private static async Task<bool> SeesFrameFromAsync(PacketSocket frames, PhysicalAddress mac)
    {
        var buffer = new byte[2048];
        while (await Task.Run(() => frames.Wait(QemuUnderTest.Limit)))
        {
            while (frames.TryReceive(buffer, out _))
            {
                if (buffer.AsSpan(6, 6).SequenceEqual(mac.GetAddressBytes()))
                    return true;
            }
        }

        return false;
    }
}
