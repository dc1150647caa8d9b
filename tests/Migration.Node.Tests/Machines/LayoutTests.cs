using Migration.Node.Machines;
using Migration.Node.Networks;

namespace Migration.Node.Tests.Machines;

public sealed class LayoutTests
{
    private static readonly MachineRecord Fresh = new()
    {
        Plan = new() { Id = "m", Pod = new("ns", "pod", "uid"), MemoryBytes = 1, Interfaces = [Nic("a"), Nic("b"), Nic("c")] },
    };

    [Fact]
    public void Machine_is_started_with_its_nics_in_order() => Assert.Equal([0, 1, 2], Slots(Layout.AtLaunch(Fresh)));

    [Fact]
    public void Arriving_guest_keeps_its_slots_and_what_its_source_could_not_plug_in_waits()
    {
        var arriving = Fresh with { Plan = Fresh.Plan with { Incoming = true, Interfaces = [Nic("a", 0), Nic("b"), Nic("c", 5)] } };
        Assert.Equal([0, null, 5], Slots(Layout.AtLaunch(arriving)));
    }

    [Fact]
    public void Arriving_guest_of_which_no_slot_is_known_has_its_nics_in_order() =>
        Assert.Equal([0, 1, 2], Slots(Layout.AtLaunch(Fresh with { Plan = Fresh.Plan with { Incoming = true } })));

    [Fact]
    public void Slot_of_a_nic_that_is_still_leaving_is_not_given_away()
    {
        var record = Fresh with { Plan = Fresh.Plan with { Interfaces = [Nic("a", 0), Nic("new")] }, Leaving = [Nic("b", 1)] };
        var plugged = Layout.WithSlot(record, "new");
        Assert.Equal([0, 2], Slots(plugged));
        Assert.Same(plugged, Layout.WithSlot(plugged, "new"));
    }

    [Fact]
    public void Ninth_nic_has_no_slot()
    {
        var full = Fresh with { Plan = Fresh.Plan with { Interfaces = [.. Enumerable.Range(0, 7).Select(slot => Nic($"n{slot}", slot)), Nic("new")] }, Leaving = [Nic("old", 7)] };
        Assert.Contains("all 8 slots are taken", Assert.Throws<RefusedException>(() => Layout.WithSlot(full, "new")).Message);
    }

    [Fact]
    public void Machine_may_migrate_when_its_guest_has_what_it_was_given_and_nothing_leaves()
    {
        var record = Fresh with { Plan = Fresh.Plan with { Interfaces = [Nic("a", 0), Nic("b", 1), Nic("waits")] } };
        Layout.RequireSettled(record, [new("a", null), new("b", null)]);
        var plugging = Assert.Throws<RefusedException>(() => Layout.RequireSettled(record, [new("a", null)]));
        Assert.Equal((Refusal.Later, "machine m: interface b is being plugged in"), (plugging.Refusal, plugging.Message));
        var leaving = Assert.Throws<RefusedException>(() => Layout.RequireSettled(record with { Leaving = [Nic("c", 2)] }, [new("a", null), new("b", null)]));
        Assert.Equal((Refusal.NotNow, "machine m: interface c is being unplugged"), (leaving.Refusal, leaving.Message));
    }

    [Fact]
    public void Source_and_target_describe_the_same_guest_alike()
    {
        BoundInterface[] bound = [Bound("a", "02:00:00:00:00:01"), Bound("b", "02:00:00:00:00:02")];
        var source = Fresh with { Plan = Fresh.Plan with { Interfaces = [Nic("b", 1), Nic("a", 0), Nic("waits")] } };
        var target = Fresh with { Plan = Fresh.Plan with { Interfaces = [Nic("a", 0) with { Model = "virtio" }, Nic("b", 1)] } };
        Assert.Equal(["0: a 02:00:00:00:00:01 virtio x1", "1: b 02:00:00:00:00:02 virtio x1"], Layout.Describe(source, bound));
        Assert.Equal(Layout.Describe(source, bound), Layout.Describe(target, bound));
    }

    private static IEnumerable<int?> Slots(MachineRecord record) => record.Plan.Interfaces.Select(nic => nic.Slot);

    private static InterfacePlan Nic(string name, int? slot = null) => new() { Name = name, PodInterface = name, Slot = slot };

    private static BoundInterface Bound(string name, string mac) => new() { Name = name, PodInterface = name, Tap = $"tap{name}", Mac = mac, Lease = new() { Mac = mac } };
}
