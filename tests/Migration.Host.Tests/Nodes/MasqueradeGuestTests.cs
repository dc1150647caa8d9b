using Migration.Host.Tests.Nodes.Serving;
using Migration.Protos;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>Masqueraded guests that find out for themselves: a real DHCP client, and a real guest that moves.</summary>
public sealed class MasqueradeGuestTests
{
    private static readonly Interface Masqueraded = new() { Name = "default", PodInterface = "eth0", Binding = Binding.Masquerade };

    [Fact]
    public async Task A_real_client_is_given_both_families_and_reaches_what_is_far_away()
    {
        await using var served = await ServedGuest.StartAsync(nic: Masqueraded);
        var script = served.WriteScript("script", """
            case $reason in
              PREINIT6) while ip -6 addr show dev "$interface" tentative | grep -q inet6; do sleep 0.05; done ;;
              BOUND) ip addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"; ip route replace default via "$new_routers" ;;
              BOUND6) ip -6 addr replace "$new_ip6_address/128" dev "$interface" ;;
            esac
            """);

        foreach (var family in new[] { "4", "6" })
            await served.Guest.ExecuteAsync($"dhclient -{family} -1 -sf {script} -lf {served.At($"leases{family}")} -pf {served.At($"{family}.pid")} eth0");

        await served.EventuallyAsync(async () => (await served.AddressesAsync()).Order(StringComparer.Ordinal).SequenceEqual(["10.0.2.2", "fd10:0:2::2"]), "both addresses are the guest's alone");
        await served.ReachesFarAwayAsync();
        Assert.Equal(["fe80::ff:fe00:0"], await served.GatewaysAsync(6));
        Assert.True((await served.StatusAsync()).Leased);
        await served.JudgeAsync();
        foreach (var family in new[] { "4", "6" })
            await served.Guest.ExecuteAsync($"dhclient -{family} -x -sf {script} -lf {served.At($"leases{family}")} -pf {served.At($"{family}.pid")} eth0");
    }

    [Fact]
    public async Task A_guest_moves_with_its_inner_address_and_is_reached_behind_its_new_pod()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A, more: plan => plan.Interfaces[0].Binding = Binding.Masquerade);
        Assert.Equal(["10.0.2.2/24"], guest.Machine.Interfaces[0].Lease.Addresses);
        await ReachAsync(lab.A, guest.Pod);

        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        await move.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        var machine = await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running);

        Assert.Equal(guest.Machine.Interfaces[0].Lease, machine.Interfaces[0].Lease);
        await ReachAsync(lab.B, move.TargetPod);
    }

    /// <summary>From the pod's node, and through the rule that leads to the guest.</summary>
    private static async Task ReachAsync(LabNode node, LabPod pod)
    {
        await node.Namespace.ExecuteAsync($"ping -c 1 -W 30 {pod.Address}");
        var rules = (await pod.Namespace.NftJsonAsync()).Where(one => one.TryGetProperty("rule", out _)).Select(one => one.GetProperty("rule"));
        var inbound = rules.Single(rule => rule.GetProperty("chain").GetString() == "KUBEVIRT_PREINBOUND").GetProperty("expr").EnumerateArray().ToList();
        Assert.Equal("10.0.2.2", inbound.Single(one => one.TryGetProperty("dnat", out _)).GetProperty("dnat").GetProperty("addr").GetString());
        Assert.True(inbound.Single(one => one.TryGetProperty("counter", out _)).GetProperty("counter").GetProperty("packets").GetInt32() > 0, "nothing was led to the guest");
    }
}
