using System.Security.Cryptography;
using Grpc.Core;
using Migration.Node.Machines;
using Migration.Node.Networks;
using AnchorStep = Migration.Protos.AnchorStep;

namespace Migration.Node.Migrations;

/// <summary>
/// The network's side of an outgoing migration (DESIGN §7): ways are made before the copy, frames are led there while the guest stands
/// still, and it is settled or undone when the outcome is certain. The address of each NIC is at home in one pod: this one, or one that an
/// earlier migration left on another node, which is then told where to point. So ways never form a chain.
/// </summary>
internal sealed class GuestPath(Machine machine, MigrationDesk desk) : IDisposable
{
    private const string PodNetwork = "eth0";
    private const int Attempts = 3;

    // A network that has sent nothing here for this long sends it to where the guest is; one that never stops does not learn.
    private static readonly TimeSpan Convergence = TimeSpan.FromMilliseconds(400), Longest = TimeSpan.FromSeconds(10), Glance = TimeSpan.FromMilliseconds(50);
    private readonly List<Diversion> _diversions = [];

    private string Pod => machine.Snapshot.Record.Plan.Pod.Uid;

    /// <summary>Makes a way for every NIC whose address will stay behind, and for those whose network will need a moment to learn where the guest is.</summary>
    /// <param name="migration">Where the guest goes.</param>
    /// <param name="write">Writes the ways down, before anything is made: whatever comes in between, it can be undone.</param>
    /// <param name="ct">Ends it.</param>
    public async Task PrepareAsync(OutgoingRecord migration, Action<IReadOnlyList<StretchedNic>> write, CancellationToken ct)
    {
        if (desk.Home is not { } home)
            return;
        for (var attempt = 1; ; attempt++)
        {
            var nics = desk.Attachments.OfPod(Pod).Where(nic => IsReached(nic) || (Stays(nic) && migration.Settings.Anchor)).Select(nic => Plan(nic, migration, home)).ToList();
            if (nics.Count == 0)
                return;
            try
            {
                var there = await desk.Peers.StretchIncomingAsync(migration, nics, ct);
                nics = [.. nics.Select(nic => nic with { Way = nic.Way with { GuestAddress = there } })];
                write(nics);
                foreach (var nic in nics)
                    await PointAsync(nic, AnchorStep.Prepare, ct);
                return;
            }
            catch (Exception taken) when (attempt < Attempts && taken is RefusedException { Refusal: Refusal.Busy } or RpcException { StatusCode: StatusCode.Aborted })
            {
                // A number was taken: other numbers.
            }
        }
    }

    /// <summary>Watches what goes to the guest from now on: it may be stopped at any moment.</summary>
    public void Watch(IReadOnlyList<StretchedNic> nics)
    {
        Dispose();
        foreach (var nic in nics)
        {
            var attachment = desk.Attachments.OfPod(Pod).First(one => one.Key == nic.Key);
            var bound = attachment.Bound!;
            // From a pod that is not the home, frames go back there, and from there on.
            var way = bound.Stretch is { Part: StretchPart.Guest, Passing: false } here ? here : nic.Way;
            _diversions.Add(new Diversion(
                PodLinks.Open(attachment.NamespacePath), bound.Tap, way.Link, machine.Snapshot.QemuPid, (take, ct) => SwitchAsync(nic, take, ct), desk.Time) { IsPassing = nic.Way.Passing });
        }
    }

    /// <summary>The guest stands still since then: its frames are led after it.</summary>
    /// <returns>How many frames it had not read.</returns>
    public async Task<int> DivertAsync(IReadOnlyList<StretchedNic> nics, DateTimeOffset stopped, CancellationToken ct)
    {
        if (_diversions.Count == 0)
            Watch(nics);
        await Task.WhenAll(_diversions.Select(diversion => diversion.DivertAsync(stopped, ct)));
        return _diversions.Sum(diversion => diversion.Sent);
    }

    /// <summary>The guest runs there: that is how it stays.</summary>
    public async Task SettleAsync(IReadOnlyList<StretchedNic> nics, CancellationToken ct)
    {
        // Before: settling takes the old way down.
        foreach (var diversion in _diversions)
            diversion.TakeLate();
        foreach (var nic in nics.Where(nic => !nic.Way.Passing))
            await PointAsync(nic, AnchorStep.Settle, ct);
        if (nics.Any(nic => nic.Way.Passing))
            await WaitForNetworksAsync(ct);
        foreach (var nic in nics.Where(nic => nic.Way.Passing))
            await PointAsync(nic, AnchorStep.Settle, ct);
        Dispose();
    }

    /// <summary>The guest stays: as it was, and with every frame that was sent after it.</summary>
    public async Task ReturnAsync(IReadOnlyList<StretchedNic> nics, CancellationToken ct)
    {
        foreach (var nic in nics)
            await PointAsync(nic, AnchorStep.Return, ct);
        foreach (var diversion in _diversions)
            diversion.Return();
        Dispose();
    }

    public void Dispose()
    {
        foreach (var diversion in _diversions)
            diversion.Dispose();
        _diversions.Clear();
    }

    /// <summary>The pod network's address belongs to a pod.</summary>
    private static bool Stays(Attachment attachment) =>
        attachment.Bound is { PodInterface: PodNetwork, Binding: BindingKind.Bridge, Wiring: Wiring.Cable, Lease.Addresses.Count: > 0 };

    /// <summary>Secondary networks reach every node themselves, once they have heard the guest there.</summary>
    private static bool IsReached(Attachment attachment) =>
        attachment.Bound is { PodInterface: not PodNetwork, Binding: BindingKind.Bridge or BindingKind.ManagedTap, Wiring: Wiring.Cable };

    /// <summary>The guest is announced at once, and again; meanwhile what comes here follows it, until nothing comes any more.</summary>
    private async Task WaitForNetworksAsync(CancellationToken ct)
    {
        var begun = desk.Time.GetTimestamp();
        var last = begun;
        while (desk.Time.GetElapsedTime(last) < Convergence && desk.Time.GetElapsedTime(begun) < Longest)
        {
            await Task.Delay(Glance, desk.Time, ct);
            if (_diversions.Where(diversion => diversion.IsPassing).Sum(diversion => diversion.CountRedirected()) > 0)
                last = desk.Time.GetTimestamp();
        }
    }

    private StretchedNic Plan(Attachment nic, OutgoingRecord migration, (string Node, string Address, string Control) home)
    {
        var kept = nic.Bound!.Stretch is { Part: StretchPart.Guest, Passing: false } away ? away : null;
        return new StretchedNic(nic.Key, nic.Bound.Name, new Stretch
        {
            Id = (uint)RandomNumberGenerator.GetInt32(1, (int)Stretch.Ids),
            Part = StretchPart.Home,
            HomeMachine = kept?.HomeMachine ?? machine.Id,
            HomeNode = kept?.HomeNode ?? home.Node,
            HomeAddress = kept?.HomeAddress ?? home.Address,
            HomeControl = kept?.HomeControl ?? home.Control,
            GuestNode = migration.TargetNode,
            GuestAddress = "",
            Passing = IsReached(nic),
        });
    }

    private async Task SwitchAsync(StretchedNic nic, Action take, CancellationToken ct)
    {
        if (IsHere(nic))
        {
            desk.Attachments.Divert(nic.Key, take);
            return;
        }

        // Not before: until then the home takes what comes from here for what the guest sends.
        await PointAsync(nic, AnchorStep.Switch, ct);
        take();
    }

    private async Task PointAsync(StretchedNic nic, AnchorStep step, CancellationToken ct)
    {
        try
        {
            if (IsHere(nic))
                desk.Point(nic.Key, nic.Way, step);
            else
                await desk.Peers.PointAnchorAsync(nic, step, ct);
        }
        catch (Exception gone) when (gone is RefusedException { Refusal: Refusal.Missing } or RpcException { StatusCode: StatusCode.NotFound or StatusCode.PermissionDenied })
        {
            // The pod that kept the address is gone, and the address with it. That is no reason for the guest to stay, or to go.
            Log.AddressLost(desk.Log, nic.Name, nic.Way.HomeNode, gone.Message);
        }
    }

    private bool IsHere(StretchedNic nic) => nic.Way.HomeMachine == machine.Id;
}
