using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Migration.Protos;

namespace Migration.Local.Bench.Scale;

/// <summary>The Migrations service of all nodes, without the half that nodes speak among themselves.</summary>
internal sealed class SimulatedMigrations(Dictionary<IPAddress, SimulatedNode> nodes) : Migrations.MigrationsBase
{
    public override Task<PrepareIncomingResponse> PrepareIncoming(PrepareIncomingRequest request, ServerCallContext context)
    {
        var node = Node(context);
        node.PrepareIncoming(request.MigrationId, request.MachineId);
        return Task.FromResult(new PrepareIncomingResponse
        {
            DataEndpoint = $"{node.Address}:7412", ControlEndpoint = $"{node.Address}:7411", Token = ByteString.CopyFromUtf8(request.MigrationId), Encrypted = true, Channels = 1,
        });
    }

    public override Task<StartOutgoingResponse> StartOutgoing(StartOutgoingRequest request, ServerCallContext context) =>
        Task.FromResult(new StartOutgoingResponse { Migration = Node(context).Start(request.MigrationId, request.MachineId, request.TargetNode) });

    public override Task<GetMigrationResponse> GetMigration(GetMigrationRequest request, ServerCallContext context) =>
        Task.FromResult(new GetMigrationResponse { Migration = Node(context).FindMigration(request.MigrationId) });

    public override async Task WatchMigration(WatchMigrationRequest request, IServerStreamWriter<WatchMigrationResponse> responseStream, ServerCallContext context)
    {
        await foreach (var state in Node(context).WatchMigration(request.MigrationId).ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new WatchMigrationResponse { Migration = state });
            if (state.Phase is MigrationPhase.Succeeded)
                return;
        }
    }

    public override Task<ReleaseMigrationResponse> ReleaseMigration(ReleaseMigrationRequest request, ServerCallContext context)
    {
        Node(context).Release(request.MigrationId);
        return Task.FromResult(new ReleaseMigrationResponse());
    }

    private SimulatedNode Node(ServerCallContext context) => nodes[context.GetHttpContext().Connection.LocalIpAddress!];
}
