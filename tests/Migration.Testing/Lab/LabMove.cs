using Migration.Protos;

namespace Migration.Testing.Lab;

/// <summary>One migration, driven as the controllers drive it.</summary>
public sealed class LabMove
{
    private readonly LabGuest _guest;
    private readonly MigrationOptions _options;

    internal LabMove(LabGuest guest, LabNode source, LabNode target, LabPod targetPod, MigrationOptions options) =>
        (_guest, Source, Target, TargetPod, _options) = (guest, source, target, targetPod, options);

    public string Id { get; } = Guid.NewGuid().ToString();

    public LabNode Source { get; }

    public LabNode Target { get; }

    public LabPod TargetPod { get; }

    public PrepareIncomingResponse Prepared { get; private set; } = new();

    public async Task<PrepareIncomingResponse> PrepareAsync() => Prepared = await Target.Migrations.PrepareIncomingAsync(
        new PrepareIncomingRequest { MigrationId = Id, MachineId = TargetPod.Uid, SourceNode = Source.Name, Options = _options }, deadline: LabNode.Soon());

    /// <summary>Prepares the target and starts the copy.</summary>
    public async Task StartAsync()
    {
        await PrepareAsync();
        await Source.Migrations.StartOutgoingAsync(Request(), deadline: LabNode.Soon());
    }

    public StartOutgoingRequest Request() => new()
    {
        MigrationId = Id,
        MachineId = _guest.Pod.Uid,
        TargetNode = Target.Name,
        DataEndpoint = Prepared.DataEndpoint,
        ControlEndpoint = Prepared.ControlEndpoint,
        Token = Prepared.Token,
        Encrypted = Prepared.Encrypted,
        Channels = Prepared.Channels,
        Options = _options,
    };

    public Task<MigrationState> WaitForSourceAsync(MigrationPhase phase) =>
        Source.WaitForMigrationAsync(Id, state => HasEnded(state) || state.Phase == phase, $"the source is at {phase}");

    /// <summary>The copy is under way and far from its end, if it was asked to be slow.</summary>
    public Task<MigrationState> WaitForCopyAsync() =>
        Source.WaitForMigrationAsync(Id, state => HasEnded(state) || (state.Phase is MigrationPhase.Copying && state.Progress.TransferredBytes > 4 << 20), "the copy is under way");

    /// <summary>Follows the source's stream until a change is what is wanted: sooner than by asking.</summary>
    public async Task WatchSourceUntilAsync(Func<MigrationState, bool> wanted, CancellationToken ct)
    {
        using var watch = Source.Migrations.WatchMigration(new WatchMigrationRequest { MigrationId = Id }, cancellationToken: ct);
        while (await watch.ResponseStream.MoveNext(ct))
        {
            if (wanted(watch.ResponseStream.Current.Migration))
                return;
        }
    }

    public static bool HasEnded(MigrationState state) => state.Phase is MigrationPhase.Succeeded or MigrationPhase.Failed or MigrationPhase.Cancelled;
}
