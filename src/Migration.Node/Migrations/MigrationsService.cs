using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Migration.Node.Serving;
using Migration.Node.State;
using Migration.Protos;
using Wire = Migration.Protos;

namespace Migration.Node.Migrations;

/// <summary>The contract's Migrations service.</summary>
internal sealed class MigrationsService(MigrationDesk desk, TimeProvider time, IHostApplicationLifetime lifetime) : Wire.Migrations.MigrationsBase
{
    public override async Task<PrepareIncomingResponse> PrepareIncoming(PrepareIncomingRequest request, ServerCallContext context)
    {
        if (request.SourceNode.Length == 0)
            throw new RefusedException(Refusal.Malformed, "source_node is empty");
        var settings = MigrationMapping.ToSettings(request.Options);
        var (record, data, control) = await desk.PrepareAsync(
            new IncomingRecord
            {
                Id = Identifier.Checked(request.MigrationId, "migration_id"),
                MachineId = Identifier.Checked(request.MachineId, "machine_id"),
                SourceNode = request.SourceNode,
                Token = [],
                Encrypted = !settings.AllowPlaintext,
                // A descriptor carries one channel only.
                Channels = settings.AllowPlaintext ? 1 : settings.Channels,
                Settings = settings,
            },
            context.CancellationToken);
        return new PrepareIncomingResponse
        {
            DataEndpoint = data.ToString(),
            ControlEndpoint = control.ToString(),
            Token = ByteString.CopyFrom(record.Token),
            Encrypted = record.Encrypted,
            Channels = (uint)record.Channels,
        };
    }

    public override Task<StartOutgoingResponse> StartOutgoing(StartOutgoingRequest request, ServerCallContext context)
    {
        var record = MigrationMapping.ToRecord(request, time.GetUtcNow());
        return Task.FromResult(new StartOutgoingResponse { Migration = MigrationMapping.ToWire(desk.StartOutgoing(record)) });
    }

    public override Task<GetMigrationResponse> GetMigration(GetMigrationRequest request, ServerCallContext context) =>
        Task.FromResult(new GetMigrationResponse { Migration = MigrationMapping.ToWire(desk.Get(request.MigrationId).Snapshot) });

    public override async Task WatchMigration(WatchMigrationRequest request, IServerStreamWriter<WatchMigrationResponse> responseStream, ServerCallContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        var entry = desk.Get(request.MigrationId);
        using var listening = entry.Changes.Listen(() => entry.Snapshot, out var now);
        await responseStream.WriteAsync(new WatchMigrationResponse { Migration = MigrationMapping.ToWire(now) }, either.Token);
        while (!now.Record.HasEnded)
        {
            now = await listening.Changes.ReadAsync(either.Token);
            await responseStream.WriteAsync(new WatchMigrationResponse { Migration = MigrationMapping.ToWire(now) }, either.Token);
        }
    }

    public override Task<CancelMigrationResponse> CancelMigration(CancelMigrationRequest request, ServerCallContext context)
    {
        desk.Cancel(Identifier.Checked(request.MigrationId, "migration_id"), request.Reason, request.TargetFenced);
        return Task.FromResult(new CancelMigrationResponse());
    }

    public override async Task<ReleaseMigrationResponse> ReleaseMigration(ReleaseMigrationRequest request, ServerCallContext context)
    {
        await desk.ReleaseAsync(Identifier.Checked(request.MigrationId, "migration_id"));
        return new ReleaseMigrationResponse();
    }

    public override async Task<QueryOutcomeResponse> QueryOutcome(QueryOutcomeRequest request, ServerCallContext context)
    {
        var record = await desk.QueryOutcomeAsync(request.MigrationId, Caller.Of(context).Node, request.HandedOver, context.CancellationToken);
        var response = new QueryOutcomeResponse { Outcome = (Outcome)record.Verdict, ResumedAt = record.ResumedAt?.ToTimestamp() };
        if (desk.LayoutOf(record.MachineId) is { } layout)
            response.Layout = new Protos.Layout { Interfaces = { layout } };
        return response;
    }

    public override async Task<AbortIncomingResponse> AbortIncoming(AbortIncomingRequest request, ServerCallContext context)
    {
        var record = await desk.AbortIncomingAsync(request.MigrationId, Caller.Of(context).Node, request.Reason, context.CancellationToken);
        return new AbortIncomingResponse { Outcome = (Outcome)record.Verdict, ResumedAt = record.ResumedAt?.ToTimestamp() };
    }

    public override Task<StretchIncomingResponse> StretchIncoming(StretchIncomingRequest request, ServerCallContext context)
    {
        // The answer tells where the target's end is: the source could not know.
        var ways = request.Stretches.Select(stretch => (stretch.Interface, MigrationMapping.ToStretch(Arriving(stretch), Networks.StretchPart.Guest))).ToList();
        return Task.FromResult(new StretchIncomingResponse { GuestAddress = desk.StretchIncoming(request.MigrationId, Caller.Of(context).Node, ways) });

        static Stretch Arriving(Stretch stretch) => new(stretch) { GuestAddress = stretch.HomeAddress };
    }

    public override Task<PointAnchorResponse> PointAnchor(PointAnchorRequest request, ServerCallContext context)
    {
        var stretch = request.Stretch ?? throw new RefusedException(Refusal.Malformed, "stretch is missing");
        desk.PointAnchor(Caller.Of(context).Node, stretch.Interface, MigrationMapping.ToStretch(stretch, Networks.StretchPart.Home), request.Step);
        return Task.FromResult(new PointAnchorResponse());
    }
}
