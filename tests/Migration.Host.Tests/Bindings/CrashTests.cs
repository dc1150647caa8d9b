using Migration.Linux;
using Migration.Node.Networks;

namespace Migration.Host.Tests.Bindings;

/// <summary>
/// The node dies after every single change that Attach and Detach make: each netlink message, kernel parameter, tap call and durable write,
/// one after the other. The next node ends where an undisturbed one would have, and Detach leaves nothing.
/// </summary>
public sealed class CrashTests
{
    private const string Secondary = "pod72ad293a5c9";
    private const int Lanes = 4;

    // One machine has one of each number.
    private static readonly uint WayId = (uint)Environment.ProcessId % Stretch.Ids;

    /// <summary>As every pod of these tests has it.</summary>
    public static readonly string WayLink = $"st{WayId:x6}";

    [Theory]
    [InlineData(BindingKind.Bridge, WiringChoice.Cable, "eth0")]
    [InlineData(BindingKind.Bridge, WiringChoice.Cable, Secondary)]
    [InlineData(BindingKind.Bridge, WiringChoice.Takeover, "eth0")]
    [InlineData(BindingKind.Bridge, WiringChoice.Takeover, Secondary)]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Cable, "eth0")]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Cable, Secondary)]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Takeover, "eth0")]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Takeover, Secondary)]
    [InlineData(BindingKind.Masquerade, WiringChoice.Cable, "eth0")]
    [InlineData(BindingKind.Masquerade, WiringChoice.Takeover, Secondary)]
    internal async Task Attach_that_is_cut_off_anywhere_is_finished_or_undone_by_the_next_node(BindingKind binding, WiringChoice wiring, string nic)
    {
        var plan = new InterfacePlan { Name = "guest", PodInterface = nic, Binding = binding };
        await InLanesAsync(wiring, async (bench, lane) =>
        {
            var before = await PodPicture.OfAsync(bench.Pod);
            var changes = Undisturbed(() => bench.Attach(plan));
            var attached = await PodPicture.OfAsync(bench.Pod);
            bench.Detach(nic);
            await PodPicture.BecomesAsync(bench.Pod, before, "detached");
            Assert.NotEqual(before, attached);

            for (var change = lane; change < changes.Count; change += Lanes)
            {
                CutOff(change, () => bench.Attach(plan));
                bench.GoOn(change);
                bench.Attach(plan);
                bench.Check(nic);
                await PodPicture.BecomesAsync(bench.Pod, attached, $"attached again after {changes[change]}");
                bench.Detach(nic);

                CutOff(change, () => bench.Attach(plan));
                bench.GoOn(change + 1);
                bench.Detach(nic);
                await PodPicture.BecomesAsync(bench.Pod, before, $"detached after {changes[change]}");
                Assert.Empty(Directory.EnumerateFiles(bench.Records, "*.json"));
            }
        });
    }

    [Theory]
    [InlineData(BindingKind.Bridge, WiringChoice.Cable, "eth0")]
    [InlineData(BindingKind.Bridge, WiringChoice.Cable, Secondary)]
    [InlineData(BindingKind.Bridge, WiringChoice.Takeover, "eth0")]
    [InlineData(BindingKind.Bridge, WiringChoice.Takeover, Secondary)]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Cable, "eth0")]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Takeover, Secondary)]
    [InlineData(BindingKind.Masquerade, WiringChoice.Cable, "eth0")]
    [InlineData(BindingKind.Masquerade, WiringChoice.Takeover, Secondary)]
    internal async Task Detach_that_is_cut_off_anywhere_is_finished_by_the_next_node(BindingKind binding, WiringChoice wiring, string nic)
    {
        var plan = new InterfacePlan { Name = "guest", PodInterface = nic, Binding = binding };
        await InLanesAsync(wiring, async (bench, lane) =>
        {
            var before = await PodPicture.OfAsync(bench.Pod);
            bench.Attach(plan);
            var attached = await PodPicture.OfAsync(bench.Pod);
            var changes = Undisturbed(() => bench.Detach(nic));

            for (var change = lane; change < changes.Count; change += Lanes)
            {
                bench.Attach(plan);
                CutOff(change, () => bench.Detach(nic));
                if (bench.GoOn(change) && change < changes.Count - 1)
                    await PodPicture.BecomesAsync(bench.Pod, attached, $"taken up again after {changes[change]}");
                bench.Detach(nic);
                await PodPicture.BecomesAsync(bench.Pod, before, $"detached after {changes[change]}");
                Assert.Empty(Directory.EnumerateFiles(bench.Records, "*.json"));
            }
        });
    }

    /// <summary>A guest's frames are led to another node and back, as the pod sees that keeps its address, and the one that it lives in.</summary>
    [Theory]
    [InlineData(StretchPart.Home)]
    [InlineData(StretchPart.Guest)]
    internal async Task Way_of_a_guests_frames_that_is_cut_off_anywhere_is_as_it_was_to_be_or_before(StretchPart part)
    {
        using var bench = await PodAsync(WiringChoice.Cable);
        bench.Attach(new InterfacePlan { Name = "guest" });
        var way = new Stretch
        {
            Id = WayId, Part = part, HomeNode = "a", HomeMachine = "m", HomeAddress = "192.0.2.1", HomeControl = "192.0.2.1:7411", GuestNode = "b", GuestAddress = "192.0.2.2",
        };
        void Lead(Func<BoundInterface, BoundInterface> change) => bench.Attachments.Lead(BindingBench.Key(), change);
        (string Name, Action Act)[] steps = part is StretchPart.Home
            ?
            [
                ("prepare", () => Lead(bound => bound with { Next = way })),
                ("divert", () => bench.Attachments.Divert(BindingBench.Key(), () => { })),
                ("settle", () => Lead(bound => bound with { Stretch = way, Next = null, Diverted = false })),
                ("return", () => Lead(bound => bound with { Stretch = null, Next = null, Diverted = false })),
            ]
            : [("arrive", () => Lead(bound => bound with { Stretch = way })), ("leave", () => Lead(bound => bound with { Stretch = null }))];
        var before = await PodPicture.OfAsync(bench.Pod);

        for (var at = 0; at < steps.Length; at++)
        {
            var changes = Undisturbed(steps[at].Act);
            var after = await PodPicture.OfAsync(bench.Pod);
            for (var change = 0; change < changes.Count; change++)
            {
                Repeat(steps, at);
                CutOff(change, steps[at].Act);
                bench.GoOn(change + 1);
                steps[at].Act();
                await PodPicture.BecomesAsync(bench.Pod, after, $"{steps[at].Name} again after {changes[change]}");
            }
        }

        await PodPicture.BecomesAsync(bench.Pod, before, "returned");
        for (var at = 0; at < steps.Length - 1; at++)
        {
            Repeat(steps, at);
            CutOff(0, steps[at].Act);
            bench.Restart();
            bench.Detach();
            bench.Attach(new InterfacePlan { Name = "guest" });
            await PodPicture.BecomesAsync(bench.Pod, before, $"attached anew after {steps[at].Name} was cut off");
        }
    }

    /// <summary>From the end of the round, which is its beginning, to just before a step.</summary>
    private static void Repeat((string Name, Action Act)[] steps, int until)
    {
        steps[^1].Act();
        foreach (var step in steps[..until])
            step.Act();
    }

    /// <summary>Removing links is mostly waiting for the kernel: several pods do it side by side.</summary>
    private static Task InLanesAsync(WiringChoice wiring, Func<BindingBench, int, Task> test) =>
        Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(async () =>
        {
            using var bench = await PodAsync(wiring);
            await test(bench, lane);
        })));

    /// <summary>A pod with two NICs, with all that can be lost: several addresses, routes of several kinds, a pinned neighbour.</summary>
    private static async Task<BindingBench> PodAsync(WiringChoice wiring) => await (await new BindingBench(wiring).WithVethAsync(
        "pod: addr add 10.1.0.5/24 dev eth0",
        "pod: addr add 10.2.0.5/16 dev eth0",
        "pod: addr add 10.1.0.6/24 dev eth0 label eth0:6",
        "pod: addr add fd00:1::5/64 dev eth0 nodad",
        "pod: addr add fd00:1::6/64 dev eth0 nodad",
        "pod: route add default via 10.1.0.1",
        "pod: route add 10.9.0.0/16 via 10.1.0.2 metric 50",
        "pod: -6 route add default via fd00:1::1",
        "pod: neigh add 10.1.0.1 lladdr 0a:00:00:00:00:01 dev eth0 nud permanent")).WithAsync(
        $"out: link add second type veth peer name {Secondary} netns @pod",
        "out: link set second up",
        $"pod: link set {Secondary} mtu 1400 up",
        $"pod: addr add 10.3.0.5/24 dev {Secondary}",
        $"pod: route add 10.30.0.0/16 via 10.3.0.1",
        // The first qdisc of a veth, ever, changes more than it says.
        "pod: !tc qdisc add dev eth0 clsact", "pod: !tc qdisc del dev eth0 clsact");

    private static List<string> Undisturbed(Action operation)
    {
        var changes = new List<string>();
        using (KernelChange.Watch(changes.Add))
            operation();
        Assert.NotEmpty(changes);
        return changes;
    }

    private static void CutOff(int change, Action operation)
    {
        var seen = 0;
        using var watch = KernelChange.Watch(_ =>
        {
            if (seen++ == change)
                throw new CrashException();
        });
        Assert.Throws<CrashException>(operation);
    }

    private sealed class CrashException : Exception;
}
