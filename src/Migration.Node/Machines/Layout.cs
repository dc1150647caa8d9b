using Migration.Node.Networks;
using Migration.Qemu;

namespace Migration.Node.Machines;

/// <summary>Which NIC sits in which slot. What a guest was started or plugged with stays where it is, here and on every node that it visits.</summary>
internal static class Layout
{
    /// <summary>
    /// What QEMU is started with. An arriving guest's NICs are where its source says; those that the source could not plug in yet follow
    /// when it is here.
    /// </summary>
    public static MachineRecord AtLaunch(MachineRecord record)
    {
        if (record.Plan.Incoming && record.Plan.Interfaces.Any(nic => nic.Slot is not null))
            return record;
        foreach (var nic in record.Plan.Interfaces.Where(nic => nic.Slot is null))
            record = WithSlot(record, nic.Name);
        return record;
    }

    /// <summary>The record with a slot for this NIC; the same record if it has one.</summary>
    /// <exception cref="RefusedException">No slot is free.</exception>
    public static MachineRecord WithSlot(MachineRecord record, string name)
    {
        if (record.Plan.Interfaces.First(nic => nic.Name == name).Slot is not null)
            return record;
        var slot = Free(record) ?? throw new RefusedException(Refusal.NotNow, $"interface {name}: all {QemuCommandLine.Slots} slots are taken");
        return record with { Plan = record.Plan with { Interfaces = [.. record.Plan.Interfaces.Select(nic => nic.Name == name ? nic with { Slot = slot } : nic)] } };
    }

    /// <summary>A machine does not begin to migrate while what its guest has is changing. Plugging in is done in a moment; unplugging, only the guest knows when.</summary>
    /// <exception cref="RefusedException">Something is changing.</exception>
    public static void RequireSettled(MachineRecord record, IReadOnlyList<GuestCard> cards)
    {
        if (record.Leaving.Any())
            throw new RefusedException(Refusal.NotNow, $"machine {record.Plan.Id}: interface {record.Leaving[0].Name} is being unplugged");
        if (record.Plan.Interfaces.FirstOrDefault(nic => nic.Slot is not null && cards.All(card => card.Name != nic.Name)) is { } plugging)
            throw new RefusedException(Refusal.Later, $"machine {record.Plan.Id}: interface {plugging.Name} is being plugged in");
    }

    /// <summary>The NICs that a guest has, or that wait for it, in words that are the same on source and target.</summary>
    public static IReadOnlyList<string> Describe(MachineRecord record, IReadOnlyList<BoundInterface> bound) =>
    [
        .. record.Plan.Interfaces.Concat(record.Leaving)
            .Where(nic => nic.Slot is not null)
            .OrderBy(nic => nic.Slot)
            .Select(nic => $"{nic.Slot}: {nic.Name} {bound.FirstOrDefault(one => one.Name == nic.Name)?.Mac} {(nic.Model.Length > 0 ? nic.Model : "virtio")} x{nic.Queues}"),
    ];

    private static int? Free(MachineRecord record)
    {
        var taken = record.Plan.Interfaces.Concat(record.Leaving).Select(nic => nic.Slot).OfType<int>().ToHashSet();
        return Enumerable.Range(0, QemuCommandLine.Slots).Where(slot => !taken.Contains(slot)).Select(slot => (int?)slot).FirstOrDefault();
    }
}
