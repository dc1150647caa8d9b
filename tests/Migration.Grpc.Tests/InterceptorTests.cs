using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Migration.Grpc.Tests;

public sealed class InterceptorTests
{
    [Fact(Timeout = 20_000)]
    public async Task Server_interceptors_surround_every_kind_of_call_in_order()
    {
        var log = new List<string>();
        await using var server = await LocalServer.StartAsync(
            new Interop.InteropService(TimeProvider.System),
            options =>
            {
                options.Interceptors.Add<Recorder>("outer");
                options.Interceptors.Add<Recorder>("inner");
            },
            services: services => services.AddSingleton(log));
        await server.Client.EmptyCallAsync(new Empty());
        using (var call = server.Client.StreamingOutputCall(new StreamingOutputCallRequest())) Assert.False(await call.ResponseStream.MoveNext());
        using (var call = server.Client.StreamingInputCall())
        {
            await call.RequestStream.CompleteAsync();
            await call;
        }
        using (var call = server.Client.FullDuplexCall())
        {
            await call.RequestStream.CompleteAsync();
            Assert.False(await call.ResponseStream.MoveNext());
        }
        string[] kinds = ["unary", "server", "client", "duplex"];
        Assert.Equal(kinds.SelectMany(kind => new[] { $"outer {kind}", $"inner {kind}", $"inner {kind} done", $"outer {kind} done" }), log);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_server_interceptor_turns_exceptions_into_statuses()
    {
        await using var server = await LocalServer.StartAsync(
            new ScriptedService { OnEmpty = (_, _) => throw new KeyNotFoundException("machine-7") }, options => options.Interceptors.Add<Mapper>());
        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal((StatusCode.NotFound, "machine-7"), (failure.StatusCode, failure.Status.Detail));
    }

    [Fact(Timeout = 20_000)]
    public async Task Client_interceptors_see_and_change_calls_in_order()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = (request, context) =>
            {
                context.ResponseTrailers.Add("seen", context.RequestHeaders.GetValue("by")!);
                return Task.FromResult(request);
            },
        });
        var client = new TestService.TestServiceClient(server.Channel.Intercept(new Stamp("outer"), new Stamp("inner")));
        using var call = client.EmptyCallAsync(new Empty());
        await call;
        Assert.Equal("outer,inner", call.GetTrailers().GetValue("seen"));
        client.EmptyCall(new Empty());
    }

    [Fact(Timeout = 20_000)]
    public async Task Call_credentials_add_metadata()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = (request, context) =>
            {
                context.ResponseTrailers.Add("seen", context.RequestHeaders.GetValue("authorization")!);
                return Task.FromResult(request);
            },
        });
        var credentials = CallCredentials.FromInterceptor((context, metadata) =>
        {
            metadata.Add("authorization", $"token for {context.MethodName}");
            return Task.CompletedTask;
        });
        using var call = server.Client.EmptyCallAsync(new Empty(), new CallOptions(credentials: credentials));
        await call;
        Assert.Equal("token for EmptyCall", call.GetTrailers().GetValue("seen"));
    }

    private sealed class Recorder(List<string> log, string name) : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            log.Add($"{name} unary");
            var response = await continuation(request, context);
            log.Add($"{name} unary done");
            return response;
        }

        public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            log.Add($"{name} client");
            var response = await continuation(requestStream, context);
            log.Add($"{name} client done");
            return response;
        }

        public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            log.Add($"{name} server");
            await continuation(request, responseStream, context);
            log.Add($"{name} server done");
        }

        public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            log.Add($"{name} duplex");
            await continuation(requestStream, responseStream, context);
            log.Add($"{name} duplex done");
        }
    }

    private sealed class Mapper : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            try
            {
                return await continuation(request, context);
            }
            catch (KeyNotFoundException e)
            {
                throw new RpcException(new Status(StatusCode.NotFound, e.Message));
            }
        }
    }

    private sealed class Stamp(string name) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Stamped(context));

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Stamped(context));

        private ClientInterceptorContext<TRequest, TResponse> Stamped<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
            where TRequest : class
            where TResponse : class
        {
            var before = context.Options.Headers?.GetValue("by");
            Metadata headers = new() { { "by", before is null ? name : $"{before},{name}" } };
            return new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(headers));
        }
    }
}
