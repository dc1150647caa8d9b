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
