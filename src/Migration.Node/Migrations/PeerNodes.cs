using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using Migration.Protos;

namespace Migration.Node.Migrations;

/// <summary>The other nodes' Migrations service, over mutual TLS, one kept connection per node.</summary>
internal sealed class PeerNodes(NodeIdentity? identity, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(3);
    private readonly ConcurrentDictionary<(string Node, string Endpoint), GrpcChannel> _channels = new();

    /// <summary>The target's word; throws <see cref="RpcException"/> when it cannot be had.</summary>
    public async Task<QueryOutcomeResponse> QueryOutcomeAsync(OutgoingRecord migration, bool handedOver, CancellationToken ct) =>
        await Client(migration).QueryOutcomeAsync(
            new QueryOutcomeRequest { MigrationId = migration.Id, HandedOver = handedOver },
            deadline: time.GetUtcNow().UtcDateTime + CallLimit,
            cancellationToken: ct);

    public async Task<AbortIncomingResponse> AbortIncomingAsync(OutgoingRecord migration, string reason, CancellationToken ct) =>
        await Client(migration).AbortIncomingAsync(
            new AbortIncomingRequest { MigrationId = migration.Id, Reason = reason },
            deadline: time.GetUtcNow().UtcDateTime + CallLimit,
            cancellationToken: ct);

    /// <summary>Has the target plug its guest into these ways; answers with the address of its end.</summary>
    public async Task<string> StretchIncomingAsync(OutgoingRecord migration, IReadOnlyList<StretchedNic> nics, CancellationToken ct)
    {
        var request = new StretchIncomingRequest { MigrationId = migration.Id };
        request.Stretches.AddRange(nics.Select(MigrationMapping.ToWire));
        var response = await Client(migration).StretchIncomingAsync(request, deadline: time.GetUtcNow().UtcDateTime + CallLimit, cancellationToken: ct);
        return response.GuestAddress;
    }

    /// <summary>Tells the node that keeps the address.</summary>
    public async Task PointAnchorAsync(StretchedNic nic, AnchorStep step, CancellationToken ct) =>
        await Client(nic.Way.HomeNode, nic.Way.HomeControl).PointAnchorAsync(
            new PointAnchorRequest { Step = step, Stretch = MigrationMapping.ToWire(nic) },
            deadline: time.GetUtcNow().UtcDateTime + CallLimit,
            cancellationToken: ct);

    public void Dispose()
    {
        foreach (var channel in _channels.Values)
            channel.Dispose();
    }

    private Protos.Migrations.MigrationsClient Client(OutgoingRecord migration) => Client(migration.TargetNode, migration.ControlEndpoint);

    private Protos.Migrations.MigrationsClient Client(string node, string endpoint) =>
        new(_channels.GetOrAdd((node, endpoint), peer => Connect(peer.Node, peer.Endpoint)));

    private GrpcChannel Connect(string node, string endpoint)
    {
        if (identity is null)
            throw new RefusedException(Refusal.NotNow, "this node has no certificates: it cannot talk to other nodes");
        var handler = new SocketsHttpHandler
        {
            SslOptions = identity.ClientOptions(node),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,
        };
        return GrpcChannel.ForAddress($"https://{endpoint}", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }
}
