using Migration.Node.Machines;
using Migration.Node.Migrations;

namespace Migration.Node.Tests.Migrations;

/// <summary>
/// The two tables against each other: two QEMUs that behave as QEMU does, a connection that breaks, calls that are lost on
/// the way or on the way back, node services that die and come again with nothing but their records. Whatever happens, in
/// whatever order: never two guests, and when the trouble is over, exactly one.
/// </summary>
public sealed class SafetyModelTests
{
    private const int Histories = 20_000;

    [Fact]
    public void In_every_history_at_most_one_guest_runs_and_in_the_end_exactly_one()
    {
        var ends = new Dictionary<string, int>();
        for (var seed = 0; seed < Histories; seed++)
        {
            var world = new World(new Random(seed));
            world.LiveThroughTrouble();
            world.ComeToRest();
            Assert.True(world.Fault is null, $"seed {seed}: {world.Fault}\n{string.Join('\n', world.History)}");
            ends[world.End] = ends.GetValueOrDefault(world.End) + 1;
        }

        // The model is worth something only if it reaches every kind of end.
        Assert.Equal(["Cancelled", "Failed", "Succeeded"], ends.Keys.Order());
        Assert.All(ends.Values, count => Assert.True(count > Histories / 100, string.Join(' ', ends)));
    }

    [Fact]
    public void The_model_finds_the_mistake_of_activating_without_the_sources_word()
    {
        var found = Enumerable.Range(0, Histories).Any(seed =>
        {
            var world = new World(new Random(seed)) { TargetDoesNotWaitForTheSource = true };
            world.LiveThroughTrouble();
            return world.Fault is not null;
        });
        Assert.True(found);
    }

    private sealed class World(Random random)
    {
        private static readonly OutgoingLimits Limits = new();
        private OutgoingRecord _source = new() { Id = "m", MachineId = "x", TargetNode = "b", DataEndpoint = "", ControlEndpoint = "", Token = [] };
        private IncomingRecord _target = new() { Id = "m", MachineId = "y", SourceNode = "a", Token = [] };
        private (CopyState Copy, GuestState Guest) _sourceQemu = (CopyState.None, GuestState.Running);
        private (CopyState Copy, GuestState Guest) _targetQemu = (CopyState.Setup, GuestState.Incoming);
        private TargetWord _word = TargetWord.NotAsked;
        private bool _line;
        private bool _acknowledged;
        private bool _calm;

        public bool TargetDoesNotWaitForTheSource { get; init; }

        public List<string> History { get; } = [];

        public string? Fault { get; private set; }

        public string End => _source.Phase.ToString();

        public void LiveThroughTrouble()
        {
            for (var i = random.Next(5, 60); i > 0 && Fault is null; i--)
                Happen(random.Next(12));
        }

        /// <summary>No more trouble: everybody gets to do what is next until nothing changes.</summary>
        public void ComeToRest()
        {
            _calm = true;
            for (var round = 0; round < 200 && Fault is null && !(_source.HasEnded && _target.HasEnded); round++)
            {
                SourceQemuGoesOn();
                TargetQemuGoesOn();
                SourceNodeActs();
                TargetNodeActs();
                // What the source does after it has ended: it tells the target.
                if (_source is { HasEnded: true, Phase: not MigrationPhase.Succeeded } && _target.Verdict is Verdict.Pending)
                    _target = _target with { AbortReason = _target.AbortReason ?? "the source gave it up" };
                Check();
            }

            if (Fault is null && !_source.HasEnded)
                Fault = $"the source never ends: {_source.Phase} {_sourceQemu} {_targetQemu} {_target.Verdict}";
            else if (Fault is null && Running() != 1)
                Fault = $"{Running()} guests run in the end: {_sourceQemu} {_targetQemu}";
            else if (Fault is null && (_source.Phase is MigrationPhase.Succeeded) != (_targetQemu.Guest is GuestState.Running))
                Fault = $"the source says {_source.Phase}, but the target's guest is {_targetQemu.Guest}";
        }

        private void Happen(int what)
        {
            switch (what)
            {
                case 0 or 1 or 2: SourceQemuGoesOn(); break;
                case 3 or 4 or 5: TargetQemuGoesOn(); break;
                case 6 or 7: SourceNodeActs(); break;
                case 8 or 9: TargetNodeActs(); break;
                case 10 when random.Next(4) == 0: Trouble(); break;
            }

            Check();
        }

        private void Trouble()
        {
            // A guest whose QEMU dies after it was given to it is lost as after any crash: no trouble of the migration.
            switch (random.Next(6))
            {
                case 0: Note("the line breaks"); _line = false; break;
                case 1: Note("the source's node dies"); (_line, _word) = (false, FromRecord(_source.Verdict)); break;
                case 2: Note("the target's node dies"); _line = false; break;
                case 3 when _target.Verdict is not Verdict.Activated: Note("the target's QEMU dies"); (_line, _targetQemu) = (false, (CopyState.Gone, GuestState.Unknown)); break;
                case 4 when _source.Phase is MigrationPhase.Setup or MigrationPhase.Copying:
                    Note("somebody cancels");
                    _source = _source with { CancelReason = _source.CancelReason ?? "cancel", CancelRequested = true };
                    break;
                case 5 when _target is { Verdict: Verdict.Pending, HandedOver: false } && _targetQemu.Copy is not CopyState.Completed:
                    Note("somebody cancels at the target");
                    _target = _target with { AbortReason = _target.AbortReason ?? "cancel" };
                    break;
            }
        }

        private void SourceQemuGoesOn()
        {
            var (copy, guest) = _sourceQemu;
            var under = copy is CopyState.Setup or CopyState.Active or CopyState.Device;
            if (copy is CopyState.Cancelling || (under && !_line))
                _sourceQemu = (copy is CopyState.Cancelling ? CopyState.Cancelled : CopyState.Failed, GuestState.Running);
            else if (copy is CopyState.Setup)
                _sourceQemu = (CopyState.Active, guest);
            else if (copy is CopyState.Active && (_calm || random.Next(3) == 0))
                _sourceQemu = (CopyState.PreSwitchover, GuestState.Migrating);
            else if (copy is CopyState.Device && _acknowledged)
                _sourceQemu = (CopyState.Completed, GuestState.Migrating);
            if (_sourceQemu != (copy, guest))
                Note($"source QEMU: {_sourceQemu}");
        }

        private void TargetQemuGoesOn()
        {
            var before = _targetQemu;
            if (_targetQemu.Copy is CopyState.Setup && _line)
                _targetQemu = (CopyState.Active, GuestState.Incoming);
            else if (_targetQemu.Copy is CopyState.Active && _sourceQemu.Copy is CopyState.Device && _line)
                _targetQemu = (CopyState.Completed, GuestState.Paused);
            else if (_targetQemu.Copy is CopyState.Active && !_line)
                _targetQemu = (CopyState.Gone, GuestState.Unknown);
            else if (_targetQemu.Copy is CopyState.Completed && _line && !_acknowledged)
                _acknowledged = true; // the last word on the return path has arrived
            if (_targetQemu != before)
                Note($"target QEMU: {_targetQemu}");
        }

        private void SourceNodeActs()
        {
            if (_source.HasEnded)
                return;
            var step = OutgoingStep.Next(_source, new() { Copy = _sourceQemu.Copy, Guest = _sourceQemu.Guest, Target = _word, Broken = _line || !_source.Begun ? null : "cut", InState = TimeSpan.FromSeconds(random.Next(40)) }, Limits);
            Note($"source node: {step}");
            switch (step)
            {
                case OutgoingStep.Begin when _targetQemu.Copy is not CopyState.Setup || _target.Verdict is not Verdict.Pending:
                    _source = _source with { CancelReason = "the target is not there" };
                    break;
                case OutgoingStep.Begin:
                    (_source, _line, _sourceQemu) = (_source with { Begun = true }, true, (CopyState.Setup, GuestState.Running));
                    break;
                case OutgoingStep.Wait wait: _source = _source with { Phase = wait.Phase }; break;
                case OutgoingStep.SwitchOver: (_source, _sourceQemu) = (_source with { Phase = MigrationPhase.Switching }, (CopyState.Device, GuestState.Migrating)); break;
                case OutgoingStep.GiveUp giveUp: (_source, _sourceQemu, _line) = (_source with { CancelReason = _source.CancelReason ?? giveUp.Reason }, (CopyState.Cancelling, _sourceQemu.Guest), false); break;
                case OutgoingStep.HandOver handOver: HandOver(handOver); break;
                case OutgoingStep.ResumeHere resume: (_source, _sourceQemu) = (_source with { Reason = resume.Reason }, (_sourceQemu.Copy, GuestState.Running)); break;
                case OutgoingStep.Finish finish: _source = _source with { Phase = finish.Phase, Reason = finish.Reason }; break;
            }
        }

        private void HandOver(OutgoingStep.HandOver step)
        {
            var luck = _calm ? 0 : random.Next(4);
            if (luck != 3)
                _target = _target with { HandedOver = true };
            // Lost on the way, or the answer was.
            _word = luck >= 2 ? TargetWord.Unreachable : FromRecord(_target.Verdict) is TargetWord.NotAsked ? TargetWord.Pending : FromRecord(_target.Verdict);
            _source = _source with { Phase = _word is TargetWord.Unreachable ? MigrationPhase.Undecided : step.Phase };
            if (_word is TargetWord.Activated or TargetWord.Aborted)
                _source = _source with { Verdict = _target.Verdict };
        }

        private void TargetNodeActs()
        {
            if (_target.HasEnded)
                return;
            var record = TargetDoesNotWaitForTheSource ? _target with { HandedOver = true } : _target;
            var step = IncomingStep.Next(record, new() { Copy = _targetQemu.Copy, Guest = _targetQemu.Guest, Connected = true, Broken = _line ? null : "cut" });
            Note($"target node: {step}");
            switch (step)
            {
                case IncomingStep.Wait wait: _target = _target with { Phase = wait.Phase }; break;
                case IncomingStep.Decide decide: _target = _target with { Verdict = decide.Verdict, Reason = decide.Reason }; break;
                case IncomingStep.Activate: (_target, _targetQemu) = (_target with { ResumedAt = DateTimeOffset.UnixEpoch }, (_targetQemu.Copy, GuestState.Running)); break;
                case IncomingStep.EndQemu: (_targetQemu, _line) = ((CopyState.Gone, GuestState.Unknown), false); break;
                case IncomingStep.Finish finish: _target = _target with { Phase = finish.Phase }; break;
            }
        }

        private static TargetWord FromRecord(Verdict verdict) => verdict switch
        {
            Verdict.Activated => TargetWord.Activated,
            Verdict.Aborted => TargetWord.Aborted,
            _ => TargetWord.NotAsked,
        };

        private int Running() => (_sourceQemu.Guest is GuestState.Running ? 1 : 0) + (_targetQemu.Guest is GuestState.Running ? 1 : 0);

        private void Check()
        {
            if (Running() > 1)
                Fault ??= "two guests run";
        }

        private void Note(string what) => History.Add(what);
    }
}
