using Migration.Node.Machines;

namespace Migration.Node.Migrations;

/// <summary>
/// What the target node does next: a pure function of its record and of what QEMU says. The target decides the outcome,
/// writes it down, and only then acts on it; see <see cref="OutgoingStep"/> for the whole argument.
/// </summary>
internal abstract record IncomingStep
{
    /// <summary>A source that never comes is not waited for longer than this.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>What had arrived before the connection ended is loaded within this, or QEMU hangs.</summary>
    private static readonly TimeSpan Digestion = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    private IncomingStep()
    {
    }

    public sealed record Wait(MigrationPhase Phase, TimeSpan LookAgain) : IncomingStep;

    /// <summary>Write the decision down. Nothing was done about it yet.</summary>
    public sealed record Decide(Verdict Verdict, string Reason) : IncomingStep;

    /// <summary>Let the guest run here, and say so to the network.</summary>
    public sealed record Activate : IncomingStep;

    /// <summary>End the QEMU that must not run the guest.</summary>
    public sealed record EndQemu : IncomingStep;

    public sealed record Finish(MigrationPhase Phase, string Reason) : IncomingStep;

    public static IncomingStep Next(IncomingRecord record, IncomingObservation seen) => record.Verdict switch
    {
        Verdict.Aborted when seen.Copy is CopyState.Gone =>
            new Finish(record.AbortRequested ? MigrationPhase.Cancelled : MigrationPhase.Failed, record.Reason),
        Verdict.Aborted => new EndQemu(),
        Verdict.Activated => Activated(record, seen),
        _ => Pending(record, seen),
    };

    private static IncomingStep Activated(IncomingRecord record, IncomingObservation seen)
    {
        // A guest that ended after it had arrived is the machine's affair, not the migration's.
        if (seen.Copy is CopyState.Gone)
            return new Finish(MigrationPhase.Succeeded, "");
        if (seen.Copy is CopyState.Unknown)
            return new Wait(MigrationPhase.Switching, Poll);
        return seen.Guest is GuestState.Running && record.ResumedAt is not null
            ? new Finish(MigrationPhase.Succeeded, "")
            : new Activate();
    }

    private static IncomingStep Pending(IncomingRecord record, IncomingObservation seen)
    {
        if (record.AbortReason is { } reason)
            return new Decide(Verdict.Aborted, reason);
        return seen.Copy switch
        {
            CopyState.Gone => new Decide(Verdict.Aborted, seen.Broken is { } broken ? $"the connection to node {record.SourceNode} was lost: {broken}" : "QEMU ended on the target"),
            CopyState.Failed or CopyState.Cancelled => new Decide(Verdict.Aborted, seen.Error.Length > 0 ? seen.Error : "the copy was not completed"),
            CopyState.Completed when record.HandedOver => new Decide(Verdict.Activated, ""),
            // The source alone knows whether it gave the guest away; without its word nothing is decided.
            CopyState.Completed => new Wait(MigrationPhase.Switching, Poll),
            CopyState.Active when seen.Broken is { } cut && seen.BrokenFor > Digestion => new Decide(Verdict.Aborted, $"the connection to node {record.SourceNode} was lost: {cut}"),
            CopyState.Active => new Wait(record.Phase is MigrationPhase.Switching ? MigrationPhase.Switching : MigrationPhase.Copying, Poll),
            _ when !seen.Connected && seen.Elapsed > Patience => new Decide(Verdict.Aborted, $"node {record.SourceNode} did not connect within {Patience.TotalSeconds:0} s"),
            _ => new Wait(MigrationPhase.Setup, Poll),
        };
    }
}
