using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Migration.Grpc.Tests;

public sealed class UnaryCallTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_request_is_answered()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnUnary = (request, _) => Task.FromResult(new SimpleResponse { Payload = request.Payload }),
        });
        var response = await server.Client.UnaryCallAsync(new SimpleRequest { Payload = Bytes(300_000) });
        Assert.Equal(Bytes(300_000), response.Payload);
        Assert.Equal(Bytes(3), server.Client.UnaryCall(new SimpleRequest { Payload = Bytes(3) }).Payload);
    }

    [Fact(Timeout = 20_000)]
    public async Task Metadata_travel_both_ways()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = async (request, context) =>
            {
                await context.WriteResponseHeadersAsync(new Metadata
                {
                    { "text", context.RequestHeaders.GetValue("text")! },
                    { "data-bin", context.RequestHeaders.GetValueBytes("data-bin")! },
                });
                context.ResponseTrailers.Add("all", string.Join(',', context.RequestHeaders.GetAll("many").Select(entry => entry.Value)));
                context.ResponseTrailers.Add("empty-bin", []);
                return request;
            },
        });
        Metadata sent = new() { { "text", "some text" }, { "data-bin", new byte[] { 0, 255, 7 } }, { "many", "a" }, { "many", "b" } };
        using var call = server.Client.EmptyCallAsync(new Empty(), sent);
        await call;
        var headers = await call.ResponseHeadersAsync;
        Assert.Equal("some text", headers.GetValue("text"));
        Assert.Equal([0, 255, 7], headers.GetValueBytes("data-bin"));
        // HTTP lets a sender join the values of one name; .NET's does.
        Assert.Equal("a, b", call.GetTrailers().GetValue("all"));
        Assert.Empty(call.GetTrailers().GetValueBytes("empty-bin")!);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.DoesNotContain(headers.Concat(call.GetTrailers()), entry => entry.Key.StartsWith("grpc-", StringComparison.Ordinal) || entry.Key == "content-type");
    }

    [Fact(Timeout = 20_000)]
    public async Task The_service_knows_the_call()
    {
        ServerCallContext? seen = null;
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = (request, context) =>
            {
                seen = context;
                Assert.StartsWith("ipv4:127.0.0.1:", context.Peer, StringComparison.Ordinal);
                Assert.Equal($"127.0.0.1:{context.GetHttpContext().Connection.LocalPort}", context.Host);
                Assert.False(context.AuthContext.IsPeerAuthenticated);
                return Task.FromResult(request);
            },
        });
        await server.Client.EmptyCallAsync(new Empty());
        Assert.Equal("/grpc.testing.TestService/EmptyCall", seen!.Method);
        Assert.Equal(DateTime.MaxValue, seen.Deadline);
    }

    [Fact(Timeout = 20_000)]
    public async Task An_exception_of_the_service_is_Unknown_and_keeps_its_secrets()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService { OnEmpty = (_, _) => throw new InvalidOperationException("secret") });
        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.DoesNotContain("secret", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("secret", Assert.Single(server.Errors.Lines), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Detailed_errors_tell_the_exception_when_asked_for()
    {
        await using var server = await LocalServer.StartAsync(
            new ScriptedService { OnEmpty = (_, _) => throw new InvalidOperationException("the reason") }, options => options.EnableDetailedErrors = true);
        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Contains("the reason", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(StatusCode.NotFound, "")]
    [InlineData(StatusCode.Aborted, "another operation is in flight")]
    [InlineData(StatusCode.DataLoss, "100% ☺\r\n")]
    [InlineData(StatusCode.Unauthenticated, "who?")]
    public async Task A_status_arrives_with_its_message_and_trailers(StatusCode code, string detail)
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = (_, context) =>
            {
                context.ResponseTrailers.Add("from", "context");
                throw new RpcException(new Status(code, detail), new Metadata { { "reason-bin", new byte[] { 9 } } });
            },
        });
        using var call = server.Client.EmptyCallAsync(new Empty());
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal((code, detail), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal([9], failure.Trailers.GetValueBytes("reason-bin"));
        Assert.Equal("context", call.GetTrailers().GetValue("from"));
        Assert.Equal(code, call.GetStatus().StatusCode);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_status_set_on_the_context_ends_the_call_too()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = (request, context) =>
            {
                context.Status = new Status(StatusCode.OutOfRange, "too far");
                return Task.FromResult(request);
            },
        });
        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal((StatusCode.OutOfRange, "too far"), (failure.StatusCode, failure.Status.Detail));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_status_carries_rich_details()
    {
        var details = new Google.Rpc.Status { Code = (int)StatusCode.FailedPrecondition, Message = "not yet" };
        details.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(new EchoStatus { Code = 7, Message = "wait for it" }));
        await using var server = await LocalServer.StartAsync(new ScriptedService { OnEmpty = (_, _) => throw details.ToRpcException() });
        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "not yet"), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal("wait for it", failure.GetRpcStatus()!.GetDetail<EchoStatus>()!.Message);
        Assert.Null(failure.GetRpcStatus()!.GetDetail<SimpleRequest>());
    }

    [Fact(Timeout = 20_000)]
    public async Task What_is_not_there_is_Unimplemented()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService());
        var method = await Assert.ThrowsAsync<RpcException>(() => server.Client.UnimplementedCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, method.StatusCode);
        var unknown = new UnimplementedService.UnimplementedServiceClient(server.Channel);
        var service = await Assert.ThrowsAsync<RpcException>(() => unknown.UnimplementedCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, service.StatusCode);
        Assert.Contains("grpc.testing.UnimplementedService", service.Status.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Nobody_listening_is_Unavailable_and_named()
    {
        var server = await LocalServer.StartAsync(new ScriptedService());
        await server.DisposeAsync();
        using var channel = global::Grpc.Net.Client.GrpcChannel.ForAddress(server.Address);
        var failure = await Assert.ThrowsAsync<RpcException>(() => new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Contains(server.Address.Authority, failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_disposed_channel_ends_its_calls()
    {
        var entered = new TaskCompletionSource();
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = async (request, context) =>
            {
                entered.SetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
                return request;
            },
        });
        using var call = server.Client.EmptyCallAsync(new Empty());
        await entered.Task;
        server.Channel.Dispose();
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task Many_calls_share_one_channel()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnUnary = (request, _) => Task.FromResult(new SimpleResponse { Payload = request.Payload }),
        });
        var client = server.Client;
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            var response = await client.UnaryCallAsync(new SimpleRequest { Payload = Bytes(i * 7) });
            Assert.Equal(i * 7, response.Payload.Body.Length);
        }));
    }

    private static Payload Bytes(int count) => new() { Body = ByteString.CopyFrom([.. Enumerable.Range(0, count).Select(i => (byte)i)]) };
}
