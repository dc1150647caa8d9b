using Migration.Protos;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>The whole path on one machine: two nodes, two launchers, a real guest.</summary>
public sealed class MigrationTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Guest_moves_to_the_other_node_and_lives_on(bool encrypted)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var ticks = guest.Pod.Guest.Ticks;

        var move = await guest.PrepareMoveAsync(lab.A, lab.B, new MigrationOptions { AllowPlaintext = !encrypted });
        await move.StartAsync();
        var source = await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        var target = await lab.B.WaitForMigrationAsync(move.Id, state => state.Phase == MigrationPhase.Succeeded, "the target has ended");

        Assert.Equal(encrypted, source.Encrypted);
        Assert.Equal(encrypted ? "unix" : "fd", source.Transport);
        Assert.Equal(Outcome.Activated, target.Outcome);
        Assert.InRange(source.Downtime.ToTimeSpan(), TimeSpan.FromTicks(1), TimeSpan.FromSeconds(2));
        Assert.True(source.Progress.TransferredBytes > 10 << 20, $"{source.Progress}");
        await move.TargetPod.Guest.WaitForTicksAsync(2, Ct);
        var moved = await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Moved);
        Assert.Equal("", moved.MigrationId);
        await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running);
        TestContext.Current.TestOutputHelper?.WriteLine($"downtime {source.Downtime.ToTimeSpan().TotalMilliseconds:0.0} ms, total {source.TotalTime.ToTimeSpan().TotalMilliseconds:0} ms, {source.Progress.TransferredBytes >> 20} MiB");
        Assert.True(ticks >= 0);
    }
}
