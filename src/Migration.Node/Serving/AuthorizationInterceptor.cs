using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Migration.Node.Serving;

/// <summary>Controllers and this host may call everything; another node only what the two nodes of a migration say to each other.</summary>
internal sealed class AuthorizationInterceptor : Interceptor
{
    private static readonly HashSet<string> ForPeers =
    [
        "/migration.node.v1.Migrations/QueryOutcome",
        "/migration.node.v1.Migrations/AbortIncoming",
        "/migration.node.v1.Migrations/StretchIncoming",
        "/migration.node.v1.Migrations/PointAnchor",
        "/grpc.health.v1.Health/Check",
    ];

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(requestStream, responseStream, context);
    }

    private static void Authorize(ServerCallContext context)
    {
        var caller = Caller.Of(context);
        if (caller.IsTrustedWithEverything || (caller.Node is not null && ForPeers.Contains(context.Method)))
            return;
        throw new RpcException(new Status(StatusCode.PermissionDenied, $"{caller.Node ?? "this certificate"} may not call {context.Method}"));
    }
}
