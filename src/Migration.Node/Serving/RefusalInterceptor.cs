using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using Migration.Node.Networks.Delegates;
using Migration.Qemu;

namespace Migration.Node.Serving;

/// <summary>Turns what went wrong into the codes of the contract's tables; the services themselves catch nothing.</summary>
internal sealed class RefusalInterceptor(ILogger<RefusalInterceptor> log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw ToStatus(context, failure);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw ToStatus(context, failure);
        }
    }

    private RpcException ToStatus(ServerCallContext context, Exception failure)
    {
        var refused = failure as RefusedException ?? (failure as ChannelClosedException)?.InnerException as RefusedException;
        var status = (refused, failure) switch
        {
            ({ } refusal, _) => new Status(CodeOf(refusal.Refusal), refusal.Message),
            (_, OperationCanceledException) when context.CancellationToken.IsCancellationRequested => new Status(StatusCode.Cancelled, "the caller gave up"),
            (_, OperationCanceledException or ChannelClosedException) => new Status(StatusCode.Unavailable, "the node stops"),
            (_, QmpException { SessionEnded: true }) => new Status(StatusCode.Unavailable, failure.Message),
            _ => new Status(StatusCode.Internal, failure.Message),
        };
        if (status.StatusCode is StatusCode.Internal)
            Log.CallFailed(log, context.Method, failure);
        else
            Log.CallRefused(log, context.Method, status.Detail);
        return refused?.CniError is { } error ? new RpcException(status, TrailersOf(error)) : new RpcException(status);
    }

    /// <summary>A CNI plugin's own error, for the CNI plugin that called: networks.proto names the trailers.</summary>
    private static Metadata TrailersOf(CniError error) => new()
    {
        { "cni-code", error.Code.ToString(CultureInfo.InvariantCulture) },
        { "cni-message-bin", Encoding.UTF8.GetBytes(error.Message) },
        { "cni-details-bin", Encoding.UTF8.GetBytes(error.Details) },
    };

    private static StatusCode CodeOf(Refusal refusal) => refusal switch
    {
        Refusal.Malformed => StatusCode.InvalidArgument,
        Refusal.Missing => StatusCode.NotFound,
        Refusal.NotNow => StatusCode.FailedPrecondition,
        Refusal.Busy => StatusCode.Aborted,
        Refusal.Later => StatusCode.Unavailable,
        Refusal.Full => StatusCode.ResourceExhausted,
        Refusal.Unsupported => StatusCode.Unimplemented,
        _ => StatusCode.PermissionDenied,
    };
}
