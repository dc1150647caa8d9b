using Migration.Node.Networks;

namespace Migration.Node.Machines;

/// <summary>
/// What to do next about a machine's NICs: a pure function of the record (what is wanted) and of what was seen, so that whatever was
/// begun before a restart is finished after it. Every step may be repeated.
/// </summary>
internal abstract record InterfaceStep(InterfacePlan Nic)
{
    /// <summary>A guest may be deaf while it boots; a second request does no harm.</summary>
    public static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(3);

    /// <summary>Bind the pod NIC, which the node makes itself if it is planned so.</summary>
    public sealed record Bind(InterfacePlan Nic) : InterfaceStep(Nic);

    /// <summary>Choose a slot, write it down, give the guest the NIC.</summary>
    public sealed record Plug(InterfacePlan Nic) : InterfaceStep(Nic);

    /// <summary>Give the NIC its planned carrier.</summary>
    public sealed record SetLink(InterfacePlan Nic) : InterfaceStep(Nic);

    /// <summary>Ask the guest to let go of the NIC.</summary>
    public sealed record Ask(InterfacePlan Nic) : InterfaceStep(Nic);

    /// <summary>The guest does not have it any more: remove its tap and what is behind, and forget it.</summary>
    public sealed record Drop(InterfacePlan Nic) : InterfaceStep(Nic);

    /// <summary>Before QEMU is started: pod NICs that came without a word of CNI to us (Multus made them), or before the plan.</summary>
    public static InterfaceStep? BeforeLaunch(MachineRecord record, MachineObservation seen) =>
        Ready(record.Plan.Interfaces, seen).Select(nic => TryBind(nic, seen)).FirstOrDefault(step => step is not null);

    /// <summary>Before the guest runs: a carrier that is to be off is off before the guest looks.</summary>
    public static InterfaceStep? BeforeRun(MachineRecord record, MachineObservation seen) =>
        Ready(record.Plan.Interfaces, seen).Where(nic => nic.LinkState is LinkState.Down && IsWrong(nic, seen)).Select(nic => new SetLink(nic)).FirstOrDefault();

    public static InterfaceStep? WhileRunning(MachineRecord record, MachineObservation seen) =>
        Ready(record.Leaving, seen).Select(nic => Remove(nic, seen)).FirstOrDefault(step => step is not null)
        ?? Ready(record.Plan.Interfaces, seen).Select(nic => Keep(nic, record, seen)).FirstOrDefault(step => step is not null);

    /// <summary>For people: what others have to do before the guest has what it is to have; empty if it does.</summary>
    public static string Outstanding(MachineRecord record, MachineObservation seen) =>
        record.Leaving.Select(nic => $"interface {nic.Name}: the guest has not let go of it yet")
            .Concat(record.Plan.Interfaces.Where(nic => !HasIt(nic, seen)).Select(nic => $"interface {nic.Name} waits for pod NIC {nic.PodInterface}"))
            .FirstOrDefault() ?? "";

    private static InterfaceStep? Remove(InterfacePlan nic, MachineObservation seen)
    {
        if (!HasIt(nic, seen))
            return seen.Interfaces.AtWork is null ? new Drop(nic) : null;
        // A guest that stands still cannot answer.
        return seen.Guest is GuestState.Running && !(seen.Interfaces.Asked.TryGetValue(nic.Name, out var asked) && seen.Now - asked < AskAgain)
            ? new Ask(nic)
            : null;
    }

    private static InterfaceStep? Keep(InterfacePlan nic, MachineRecord record, MachineObservation seen)
    {
        if (HasIt(nic, seen))
            return IsWrong(nic, seen) ? new SetLink(nic) : null;
        // Its predecessor goes first, with all that it had.
        if (record.Leaving.Any(other => other.Name == nic.Name || other.PodInterface == nic.PodInterface))
            return null;
        if (seen.Interfaces.Bound.Contains(nic.Name))
            return new Plug(nic);
        return TryBind(nic, seen);
    }

    private static InterfaceStep? TryBind(InterfacePlan nic, MachineObservation seen) =>
        seen.Interfaces.AtWork is null && seen.Interfaces.Bindable.Contains(nic.Name) ? new Bind(nic) : null;

    private static IEnumerable<InterfacePlan> Ready(IEnumerable<InterfacePlan> nics, MachineObservation seen) =>
        nics.Where(nic => nic.Name != seen.Interfaces.AtWork && !(seen.Interfaces.Resting.TryGetValue(nic.Name, out var until) && seen.Now < until));

    private static bool HasIt(InterfacePlan nic, MachineObservation seen) => seen.Interfaces.Cards.Any(card => card.Name == nic.Name);

    private static bool IsWrong(InterfacePlan nic, MachineObservation seen) => seen.Interfaces.Cards.Any(card => card.Name == nic.Name && card.Link != nic.LinkState);
}
