using Migration.Node.Machines;

namespace Migration.Node.Migrations;

/// <summary>
/// What the source node does next: a pure function of its record and of what QEMU and the target say.
/// <para>
/// Who runs the guest. QEMU on the source resumes by itself whenever its migration fails or is cancelled, up to the very
/// moment when it reports <c>completed</c>; from then on it stays stopped. So the source says "handed over" only after
/// <c>completed</c>, the target activates only after it heard that, and the source resumes a completed QEMU only when the
/// target's durable word is "aborted". Neither side guesses.
/// </para>
/// </summary>
internal abstract record OutgoingStep
{
    private OutgoingStep()
    {
    }

    /// <summary>Connect the data path, set QEMU up and start the copy.</summary>
    public sealed record Begin : OutgoingStep;

    /// <summary>Look again after news or after this long; the migration is in this phase.</summary>
    public sealed record Wait(MigrationPhase Phase, TimeSpan LookAgain) : OutgoingStep;

    /// <summary>The guest is stopped: let QEMU send the last of its state.</summary>
    public sealed record SwitchOver : OutgoingStep;

    /// <summary>The copy does not converge: let QEMU stop the guest for as long as the rest takes.</summary>
    public sealed record StopForTheRest : OutgoingStep;

    /// <summary>Take the copy back; QEMU then runs the guest on.</summary>
    public sealed record GiveUp(string Reason) : OutgoingStep;

    /// <summary>Tell the target that the guest is handed over, and ask what it decided.</summary>
    public sealed record HandOver(MigrationPhase Phase, TimeSpan Pause) : OutgoingStep;

    /// <summary>The guest is ours again: let it run.</summary>
    public sealed record ResumeHere(string Reason) : OutgoingStep;

    public sealed record Finish(MigrationPhase Phase, string Reason) : OutgoingStep;

    public static OutgoingStep Next(OutgoingRecord record, OutgoingObservation seen, OutgoingLimits limits)
    {
        if (record.Verdict is Verdict.Activated)
            return new Finish(MigrationPhase.Succeeded, "");
        if (seen.Copy is CopyState.Gone)
            return WithoutQemu(record, seen);
        if (!record.Begun)
            return record.CancelReason is { } reason ? new Finish(Failure(record), reason) : new Begin();
        return seen.Copy switch
        {
            CopyState.None => new Finish(Failure(record), record.CancelReason ?? "the node service was restarted before the copy began"),
            CopyState.Setup => Guarded(record, seen, limits) ?? (seen.InState > limits.Setup
                ? new GiveUp($"the target was not connected within {limits.Setup.TotalSeconds:0} s")
                : new Wait(MigrationPhase.Setup, limits.Poll)),
            CopyState.Active => Guarded(record, seen, limits) ?? new Wait(MigrationPhase.Copying, limits.Poll),
            CopyState.PreSwitchover => Guarded(record, seen, limits) ?? (seen.InState > limits.PreSwitchover
                ? new GiveUp("the switch-over took too long to begin")
                : new SwitchOver()),
            // The target was not told "handed over" yet, so it cannot have activated: taking it back is safe.
            CopyState.Device when seen.InState > Device(record, limits) => new GiveUp($"the target did not load the guest's last state within {Device(record, limits).TotalSeconds:0} s"),
            CopyState.Device => new Wait(MigrationPhase.Switching, limits.Poll),
            CopyState.Completed => Completed(record, seen),
            CopyState.Failed or CopyState.Cancelled => TakenBack(record, seen, limits),
            _ => new Wait(record.Phase, limits.Poll),
        };
    }

    private static OutgoingStep? Guarded(OutgoingRecord record, OutgoingObservation seen, OutgoingLimits limits)
    {
        if (record.CancelReason is { } reason)
            return new GiveUp(reason);
        if (seen.Broken is { } broken)
            return new GiveUp($"the connection to node {record.TargetNode} was lost: {broken}");
        return record.Settings.TimeLimit is { } limit && seen.Elapsed > limit && seen.Copy is not CopyState.PreSwitchover ? Overdue(record, seen, limit) : null;
    }

    // What the policy says becomes of a copy that does not get there: the end, or a stop that is as long as it has to be.
    private static OutgoingStep? Overdue(OutgoingRecord record, OutgoingObservation seen, TimeSpan limit)
    {
        if (!record.Settings.MayStop || seen.Elapsed > 2 * limit)
            return new GiveUp($"it did not converge within {(record.Settings.MayStop ? 2 * limit : limit).TotalSeconds:0} s");
        return record.Stopping || seen.Copy is not CopyState.Active ? null : new StopForTheRest();
    }

    // With the guest stopped early, the rest of its memory travels in this state, too.
    private static TimeSpan Device(OutgoingRecord record, OutgoingLimits limits) =>
        record is { Stopping: true, Settings.TimeLimit: { } limit } ? limits.Device + limit : limits.Device;

    private static OutgoingStep Completed(OutgoingRecord record, OutgoingObservation seen) => (seen.Guest, seen.Target) switch
    {
        // A completed QEMU runs only when it was told to, after "aborted".
        (GuestState.Running, _) => new Finish(Failure(record), Because(record, seen)),
        (_, TargetWord.Activated) => new Finish(MigrationPhase.Succeeded, ""),
        (_, TargetWord.Aborted) => new ResumeHere("the target gave the guest back"),
        (_, TargetWord.NotAsked) => new HandOver(MigrationPhase.Switching, TimeSpan.Zero),
        (_, TargetWord.Pending) => new HandOver(MigrationPhase.Switching, TimeSpan.FromMilliseconds(5)),
        (_, TargetWord.Unreachable) when record.TargetFenced => new ResumeHere($"node {record.TargetNode} will not run the guest: its pod is deleted"),
        _ => new HandOver(MigrationPhase.Undecided, TimeSpan.FromMilliseconds(500)),
    };

    /// <summary>QEMU runs the guest on by itself; if it does not in time, it is told to.</summary>
    private static OutgoingStep TakenBack(OutgoingRecord record, OutgoingObservation seen, OutgoingLimits limits) => seen.Guest switch
    {
        GuestState.Running => new Finish(Failure(record), Because(record, seen)),
        _ when seen.InState > limits.Resume => new ResumeHere("QEMU did not run on by itself"),
        _ => new Wait(record.Phase, TimeSpan.FromMilliseconds(10)),
    };

    private static OutgoingStep WithoutQemu(OutgoingRecord record, OutgoingObservation seen)
    {
        // Before the switch-over the target cannot have everything.
        if (record.Phase is MigrationPhase.Setup or MigrationPhase.Copying)
            return new Finish(MigrationPhase.Failed, "QEMU ended on the source during the copy");
        // A QEMU that is gone will not run the guest again: that is handing over, too.
        return seen.Target switch
        {
            TargetWord.Activated => new Finish(MigrationPhase.Succeeded, ""),
            TargetWord.Aborted => new Finish(MigrationPhase.Failed, "QEMU ended on the source during the switch-over, and the target had not loaded the guest"),
            TargetWord.NotAsked => new HandOver(MigrationPhase.Switching, TimeSpan.Zero),
            TargetWord.Pending => new HandOver(MigrationPhase.Switching, TimeSpan.FromMilliseconds(50)),
            // Nothing runs here, nothing is to run here, and nobody there can say: there is nothing left to decide.
            TargetWord.Unreachable when seen.Deleting => new Finish(MigrationPhase.Failed, $"the machine was deleted before node {record.TargetNode} could be asked who runs the guest"),
            TargetWord.Unreachable when record.TargetFenced => new Finish(MigrationPhase.Failed, $"QEMU ended on the source during the switch-over, and the pod on node {record.TargetNode} is deleted"),
            _ => new HandOver(MigrationPhase.Undecided, TimeSpan.FromMilliseconds(500)),
        };
    }

    private static MigrationPhase Failure(OutgoingRecord record) => record.CancelRequested ? MigrationPhase.Cancelled : MigrationPhase.Failed;

    private static string Because(OutgoingRecord record, OutgoingObservation seen) =>
        record.CancelReason ?? (record.Reason.Length > 0 ? record.Reason
            : seen.Broken is { } broken ? $"the connection to node {record.TargetNode} was lost: {broken}"
            : seen.Error.Length > 0 ? seen.Error
            : "QEMU gave the copy up");
}
