using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Migration.Node.Serving;

/// <summary>Counts calls by method and code, the refused ones too: it stands before the interceptors that refuse.</summary>
internal sealed class MeteringInterceptor(NodeMetrics metrics) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        TResponse? response = null;
        await MeterAsync(context, async () => response = await continuation(request, context));
        return response!;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        MeterAsync(context, () => continuation(request, responseStream, context));

    private async Task MeterAsync(ServerCallContext context, Func<Task> call)
    {
        var started = Stopwatch.GetTimestamp();
        var code = StatusCode.OK;
        try
        {
            await call();
        }
        catch (RpcException refusal)
        {
            code = refusal.StatusCode;
            throw;
        }
        catch
        {
            code = StatusCode.Unknown;
            throw;
        }
        finally
        {
            metrics.Called(context.Method, code.ToString(), Stopwatch.GetElapsedTime(started));
        }
    }
}
