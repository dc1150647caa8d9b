using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>A guest that moves keeps its address: the pod that it leaves is its anchor, and a stretch leads its frames after it.</summary>
[Collection(nameof(AloneCollection))]
public sealed class StretchTests
{
    private static readonly MigrationOptions Anchored = new() { Anchor = Anchor.Always };

    [Fact]
    public async Task Guest_keeps_its_address_its_conversation_and_every_frame_there_and_back()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var client = await lab.A.CreatePodAsync("client");
        var address = await ReachAsync(client, guest);
        using var conversation = await EchoConversation.StartAsync(client.Namespace.Space, address);
        await conversation.GoesOnAsync();

        var there = await guest.PrepareMoveAsync(lab.A, lab.B, Anchored);
        using (var flow = EchoFlow.Start(client.Namespace.Space, address))
        {
            var state = await MoveAsync(lab, there, conversation);
            Assert.True(state.Anchored, $"{state}");
            await AllCameAsync(lab, flow, inOrder: true);
        }

        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine is { Phase: MachinePhase.Moved, Reason: "keeps the guest's address" }, "the source is an anchor");
        Assert.Equal(["vxlan"], await StretchesAsync(guest.Pod));
        Assert.Equal(["vxlan"], await StretchesAsync(there.TargetPod));
        await ForeignFramesAreDroppedAsync(lab, guest.Pod);
        using (var flow = EchoFlow.Start(client.Namespace.Space, address))
        {
            await lab.B.RestartAsync();
            await lab.A.RestartAsync();
            await conversation.GoesOnAsync();
            await AllCameAsync(lab, flow, inOrder: true);
        }

        var back = await guest.Moved(there.TargetPod).PrepareMoveAsync(lab.B, lab.A, Anchored);
        using (var flow = EchoFlow.Start(client.Namespace.Space, address))
        {
            var state = await MoveAsync(lab, back, conversation);
            Assert.False(state.Anchored, $"{state}");
            // What the old node still had goes the longer way, and may be overtaken.
            await AllCameAsync(lab, flow, inOrder: false);
        }

        Assert.Equal(["veth"], await StretchesAsync(guest.Pod));
        Assert.Equal(["veth"], await StretchesAsync(back.TargetPod));
        await Invariants.OnlyRunsInAsync(back.TargetPod, guest.Pod, there.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, there.Id, back.Id);
    }

    [Fact]
    public async Task Copy_that_is_cancelled_leaves_no_stretch_and_loses_nothing()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var client = await lab.A.CreatePodAsync("client");
        var address = await ReachAsync(client, guest);
        var options = MigrationTests.Slow(encrypted: true);
        options.Anchor = Anchor.Always;
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, options);
        using var flow = EchoFlow.Start(client.Namespace.Space, address);
        await move.StartAsync();
        await move.WaitForCopyAsync();
        Assert.Equal(["vxlan"], await StretchesAsync(guest.Pod));

        await lab.A.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = move.Id });

        Invariants.Is(lab, MigrationPhase.Cancelled, await move.WaitForSourceAsync(MigrationPhase.Cancelled));
        Assert.Empty(await StretchesAsync(guest.Pod));
        await AllCameAsync(lab, flow, inOrder: true);
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Switch_over_that_fails_gives_the_guest_back_with_its_frames()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var client = await lab.A.CreatePodAsync("client");
        var address = await ReachAsync(client, guest);
        using var conversation = await EchoConversation.StartAsync(client.Namespace.Space, address);
        var options = MigrationTests.Slow(encrypted: true);
        options.Anchor = Anchor.Always;
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, options);
        await move.StartAsync();
        await move.WaitForCopyAsync();
        await FaultTests.ForbidControlAsync(lab.B);
        Invariants.Is(lab, MigrationPhase.Undecided, await move.WaitForSourceAsync(MigrationPhase.Undecided));
        // Slow: what waits for the guest must fit into its tap, however long this takes.
        using var flow = EchoFlow.Start(client.Namespace.Space, address, TimeSpan.FromMilliseconds(50));

        await FaultTests.KillQemuAsync(lab, lab.B, move.TargetPod);
        await lab.B.WaitForMigrationAsync(move.Id, state => state.Outcome is Outcome.Aborted, "the target has decided");
        await FaultTests.AllowControlAsync(lab.B);

        Invariants.Is(lab, MigrationPhase.Failed, await move.WaitForSourceAsync(MigrationPhase.Failed));
        await conversation.GoesOnAsync();
        Assert.Empty(await StretchesAsync(guest.Pod));
        await AllCameAsync(lab, flow, inOrder: false);
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Theory]
    [InlineData("source")]
    [InlineData("target")]
    public async Task Node_service_killed_at_the_switch_over_breaks_no_conversation(string victim)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var client = await lab.A.CreatePodAsync("client");
        using var conversation = await EchoConversation.StartAsync(client.Namespace.Space, await ReachAsync(client, guest));
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, Anchored);
        await move.PrepareAsync();
        using var watching = new CancellationTokenSource(LabNode.Limit);
        await lab.A.Migrations.StartOutgoingAsync(move.Request());
        await move.WatchSourceUntilAsync(state => state.Phase >= MigrationPhase.Switching, watching.Token);

        await (victim == "source" ? lab.A : lab.B).RestartAsync();

        var moved = (await move.WaitForSourceAsync(MigrationPhase.Succeeded)).Phase is MigrationPhase.Succeeded;
        await conversation.GoesOnAsync();
        Assert.Equal(moved ? ["vxlan"] : [], await StretchesAsync(guest.Pod));
        await (moved ? Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod) : Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod));
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Anchor_that_cannot_be_told_at_the_switch_over_keeps_the_guest_where_it_is()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var client = await lab.A.CreatePodAsync("client");
        using var conversation = await EchoConversation.StartAsync(client.Namespace.Space, await ReachAsync(client, guest));
        var there = await guest.PrepareMoveAsync(lab.A, lab.B, Anchored);
        await MoveAsync(lab, there, conversation);
        var options = MigrationTests.Slow(encrypted: true);
        options.Anchor = Anchor.Always;
        var back = await guest.Moved(there.TargetPod).PrepareMoveAsync(lab.B, lab.A, options);
        await back.StartAsync();
        await back.WaitForCopyAsync();

        await FaultTests.ForbidControlAsync(lab.A);

        await lab.B.WaitForMigrationAsync(back.Id, state => state.Reason.Contains("not undone", StringComparison.Ordinal), "it says that the anchor was not told");
        await conversation.GoesOnAsync();
        await FaultTests.AllowControlAsync(lab.A);
        var state = await back.WaitForSourceAsync(MigrationPhase.Failed);
        Invariants.Is(lab, MigrationPhase.Failed, state);
        Assert.DoesNotContain("not undone", state.Reason);
        await conversation.GoesOnAsync();
        Assert.Equal(["vxlan"], await StretchesAsync(guest.Pod));
        await Invariants.OnlyRunsInAsync(there.TargetPod, guest.Pod, back.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, there.Id, back.Id);
    }

    [Fact]
    public async Task Guest_whose_anchor_is_gone_can_still_move()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var there = await guest.PrepareMoveAsync(lab.A, lab.B, Anchored);
        await there.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await there.WaitForSourceAsync(MigrationPhase.Succeeded));
        await lab.A.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = guest.Pod.Uid, GracePeriod = new() }, deadline: LabNode.Soon());
        await lab.A.EventuallyAsync(async () => (await lab.A.Machines.ListMachinesAsync(new ListMachinesRequest())).Machines.Count == 0, "the anchor is forgotten");
        await guest.Pod.DeleteAsync();

        var back = await guest.Moved(there.TargetPod).PrepareMoveAsync(lab.B, lab.A, Anchored);
        await back.StartAsync();

        Invariants.Is(lab, MigrationPhase.Succeeded, await back.WaitForSourceAsync(MigrationPhase.Succeeded));
        await Invariants.OnlyRunsInAsync(back.TargetPod, there.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, there.Id, back.Id);
    }

    [Fact]
    public async Task Guest_on_a_network_of_all_nodes_gets_every_frame_in_order_and_is_silent_where_it_waits()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A, more: plan => plan.Interfaces.Add(new Interface { Name = "lan", PodInterface = "net1" }), lanNics: ["net1"]);
        var lan = guest.Machine.Interfaces.Single(nic => nic.Name == "lan");
        var addresses = lan.Lease.Addresses.Select(address => IPAddress.Parse(address.Split('/')[0])).ToList();
        using var conversation = await EchoConversation.StartAsync(lab.B.Namespace.Space, addresses[0]);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        // What comes out of the target's pod.
        var capture = Path.Combine(lab.Folder, "target.pcap");
        var port = $"lan{lab.B.LanPorts}";
        using var sniffing = TiedProcess.Start("/usr/bin/nsenter", [$"--net={lab.B.Namespace.Path}", "--", "tshark", "-n", "-i", port, "-w", capture, "-f", "inbound"], $"{capture}.out", $"{capture}.errors");
        await lab.B.EventuallyAsync(() => Task.FromResult(File.Exists(capture) && new FileInfo(capture).Length > 0), "tshark listens");
        using var flow = EchoFlow.Start(lab.A.Namespace.Space, addresses[0]);
        using var other = EchoFlow.Start(lab.B.Namespace.Space, addresses[1]);

        var state = await MoveAsync(lab, move, conversation);

        Assert.False(state.Anchored, $"{state}");
        await AllCameAsync(lab, flow, inOrder: true);
        await AllCameAsync(lab, other, inOrder: true);
        sniffing.Signal(ProcessSignal.Interrupt);
        await sniffing.WaitForExitAsync(LabNode.Limit);
        var resumed = (await lab.B.WaitForMigrationAsync(move.Id, one => one.ResumedAt is not null, "the guest runs there")).ResumedAt.ToDateTimeOffset();
        var said = (await Shell.RunAsync("tshark", "-n", "-r", capture, "-T", "fields", "-e", "frame.time_epoch", "-e", "eth.src"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToList();
        Assert.Equal([lan.Mac], said.Select(frame => frame[1]).Distinct());
        Assert.DoesNotContain(said, frame => double.Parse(frame[0], CultureInfo.InvariantCulture) < resumed.ToUnixTimeMilliseconds() / 1000.0);
        await lab.B.EventuallyAsync(async () => (await StretchesAsync(move.TargetPod)).Length == 0, "the network knows where the guest is");
        Assert.Empty(await StretchesAsync(guest.Pod));
        await conversation.GoesOnAsync();
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Guest_whose_address_nobody_keeps_asks_for_that_of_its_new_pod()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var neighbour = await lab.B.CreatePodAsync("neighbour");
        await neighbour.Namespace.IpAsync("link set lo up");
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, new() { Anchor = Anchor.Never }, plan => plan.Interfaces.Single().Lease = null);
        var address = IPAddress.Parse(move.TargetPod.Address);

        await move.StartAsync();

        var state = await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        Invariants.Is(lab, MigrationPhase.Succeeded, state);
        Assert.False(state.Anchored, $"{state}");
        await lab.B.EventuallyAsync(async () => await EchoRequests.CountAnswersAsync(neighbour.Namespace.Space, address, 1, TimeSpan.FromMilliseconds(50)) == 1, "the guest has its new pod's address");
        var machine = await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running);
        Assert.Equal([$"{address}/24"], machine.Interfaces.Single().Lease.Addresses);
        Assert.Empty(await StretchesAsync(guest.Pod));
        await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended, too");
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    /// <summary>Another pod of the first node, that knows the guest's MAC from now on.</summary>
    private static async Task<IPAddress> ReachAsync(LabPod client, LabGuest guest)
    {
        var address = IPAddress.Parse(guest.Pod.Address);
        await client.Namespace.IpAsync("link set lo up");
        Assert.Equal(3, await EchoRequests.CountAnswersAsync(client.Namespace.Space, address, 3, TimeSpan.FromMilliseconds(50)));
        return address;
    }

    private static async Task<MigrationState> MoveAsync(NodeLab lab, LabMove move, EchoConversation conversation)
    {
        await move.StartAsync();
        var state = await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        Invariants.Is(lab, MigrationPhase.Succeeded, state);
        await move.Target.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running);
        await conversation.GoesOnAsync();
        return state;
    }

    private static async Task AllCameAsync(NodeLab lab, EchoFlow flow, bool inOrder)
    {
        var (sent, answers) = await flow.FinishAsync();
        var first = answers.Distinct().ToList();
        var lost = Enumerable.Range(0, sent).Except(first).ToList();
        var foreign = first.Where(number => number < 0 || number >= sent).ToList();
        Assert.True(lost.Count == 0 && foreign.Count == 0, $"lost of {sent}: {string.Join(' ', lost)}; foreign: {string.Join(' ', foreign)}\n{lab.Describe()}");
        Assert.InRange(answers.Count - first.Count, 0, 4);
        if (inOrder)
            Assert.Equal(first.Order(), first);
    }

    /// <summary>Frames with a stretch's number from somebody else, and with another number from its other end.</summary>
    private static async Task ForeignFramesAreDroppedAsync(NodeLab lab, LabPod pod)
    {
        const string stranger = "10.91.0.9";
        await lab.B.Namespace.IpAsync($"addr add {stranger}/24 dev fabric");
        var links = (await pod.Namespace.IpJsonAsync("-details link")).EnumerateArray();
        var id = links.Single(link => link.GetProperty("ifname").GetString()!.StartsWith("st", StringComparison.Ordinal)).GetProperty("linkinfo").GetProperty("info_data").GetProperty("id").GetUInt32();
        foreach (var (from, number) in new[] { (stranger, id), (lab.B.Address, id ^ 1) })
        {
            using var socket = lab.B.Namespace.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            byte[] packet = [0x08, 0, 0, 0, (byte)(number >> 16), (byte)(number >> 8), (byte)number, 0, .. new byte[60]];
            await socket.SendToAsync(packet, new IPEndPoint(IPAddress.Parse(lab.A.Address), 4790));
        }

        await lab.A.EventuallyAsync(async () => (await lab.A.Namespace.ExecuteAsync("nft list table ip migration_stretches")).Contains("counter packets 2 ", StringComparison.Ordinal), "both are dropped");
    }

    /// <summary>The kinds of the stretches' ends in a pod.</summary>
    private static async Task<string[]> StretchesAsync(LabPod pod) =>
        [.. (await pod.Namespace.IpJsonAsync("-details link")).EnumerateArray()
            .Where(link => link.GetProperty("ifname").GetString()!.StartsWith("st", StringComparison.Ordinal))
            .Select(link => link.GetProperty("linkinfo").GetProperty("info_kind").GetString()!)];
}
