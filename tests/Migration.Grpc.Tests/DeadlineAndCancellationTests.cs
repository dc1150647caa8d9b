using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;

namespace Migration.Grpc.Tests;

public sealed class DeadlineAndCancellationTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_deadline_ends_the_call_on_both_sides()
    {
        var server = new TaskCompletionSource<(DateTime Deadline, bool Cancelled)>();
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = WaitAsync(server) });
        var deadline = In(TimeSpan.FromMilliseconds(300));
        var failure = await Assert.ThrowsAsync<RpcException>(() => local.Client.EmptyCallAsync(new Empty(), deadline: deadline).ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        var seen = await server.Task;
        Assert.True(seen.Cancelled);
        Assert.InRange(seen.Deadline, deadline - TimeSpan.FromSeconds(1), deadline + TimeSpan.FromSeconds(1));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_deadline_that_has_passed_ends_the_call_before_it_begins()
    {
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = (_, _) => throw new InvalidOperationException("was called") });
        using var call = local.Client.EmptyCallAsync(new Empty(), deadline: In(TimeSpan.FromSeconds(-1)));
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseHeadersAsync)).StatusCode);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_service_that_waits_past_its_deadline_answers_DeadlineExceeded_by_itself()
    {
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = WaitAsync(new()) });
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, local.Address, "EmptyCall", RawCall.Frame([]), ("grpc-timeout", "50m"));
        Assert.Equal("4", answer.Status);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("5")]
    [InlineData("S")]
    [InlineData("123456789S")]
    [InlineData("-1S")]
    public async Task A_malformed_timeout_is_refused(string timeout)
    {
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = (request, _) => Task.FromResult(request) });
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, local.Address, "EmptyCall", RawCall.Frame([]), ("grpc-timeout", timeout));
        Assert.Equal("13", answer.Status);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_far_deadline_does_not_disturb()
    {
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = (request, _) => Task.FromResult(request) });
        await local.Client.EmptyCallAsync(new Empty(), deadline: In(TimeSpan.FromDays(100)));
        await local.Client.EmptyCallAsync(new Empty(), deadline: In(TimeSpan.FromDays(300_000)));
        await local.Client.EmptyCallAsync(new Empty(), deadline: DateTime.MaxValue);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_cancelled_token_ends_the_call_on_both_sides()
    {
        using var cancellation = new CancellationTokenSource();
        var server = new TaskCompletionSource<(DateTime, bool Cancelled)>();
        var entered = new TaskCompletionSource();
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = WaitAsync(server, entered) });
        using var call = local.Client.EmptyCallAsync(new Empty(), cancellationToken: cancellation.Token);
        await entered.Task;
        await cancellation.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
        Assert.True((await server.Task).Cancelled);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_disposed_call_is_cancelled_on_the_server_even_when_nobody_reads()
    {
        var ended = new TaskCompletionSource();
        await using var local = await LocalServer.StartAsync(new ScriptedService
        {
            OnOutput = async (_, responses, context) =>
            {
                using var registration = context.CancellationToken.Register(() => ended.TrySetResult());
                await responses.WriteAsync(new StreamingOutputCallResponse());
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            },
        });
        var call = local.Client.StreamingOutputCall(new StreamingOutputCallRequest());
        await call.ResponseHeadersAsync;
        call.Dispose();
        await ended.Task;
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext())).StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_cancelled_read_ends_the_call()
    {
        using var cancellation = new CancellationTokenSource();
        await using var local = await LocalServer.StartAsync(new ScriptedService
        {
            OnOutput = (_, _, context) => Task.Delay(Timeout.Infinite, context.CancellationToken),
        });
        using var call = local.Client.StreamingOutputCall(new StreamingOutputCallRequest());
        var read = call.ResponseStream.MoveNext(cancellation.Token);
        await cancellation.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => read)).StatusCode);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_waiting_service_read_ends_when_the_client_goes()
    {
        var ended = new TaskCompletionSource<Exception?>();
        await using var local = await LocalServer.StartAsync(new ScriptedService
        {
            OnDuplex = async (requests, responses, context) =>
            {
                await responses.WriteAsync(new StreamingOutputCallResponse());
                ended.SetResult(await Record.ExceptionAsync(() => requests.MoveNext()));
            },
        });
        using var call = local.Client.FullDuplexCall();
        Assert.True(await call.ResponseStream.MoveNext());
        call.Dispose();
        Assert.NotNull(await ended.Task);
    }

    [Fact(Timeout = 20_000)]
    public async Task Cancellation_is_told_as_OperationCanceled_to_channels_that_ask_for_it()
    {
        using var cancellation = new CancellationTokenSource();
        var entered = new TaskCompletionSource();
        await using var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = WaitAsync(new(), entered) });
        using var channel = GrpcChannel.ForAddress(local.Address, new GrpcChannelOptions { ThrowOperationCanceledOnCancellation = true });
        using var call = new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty(), cancellationToken: cancellation.Token);
        await entered.Task;
        await cancellation.CancelAsync();
        var failure = await Assert.ThrowsAsync<OperationCanceledException>(() => call.ResponseAsync);
        Assert.IsType<RpcException>(failure.InnerException);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_server_that_stops_makes_its_calls_Unavailable()
    {
        var entered = new TaskCompletionSource();
        var local = await LocalServer.StartAsync(new ScriptedService { OnEmpty = WaitAsync(new(), entered) });
        using var channel = GrpcChannel.ForAddress(local.Address);
        using var call = new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty());
        await entered.Task;
        await local.DisposeAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Contains(failure.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal, StatusCode.Cancelled });
    }

    private static UnaryServerMethod<Empty, Empty> WaitAsync(TaskCompletionSource<(DateTime, bool)> ended, TaskCompletionSource? entered = null) =>
        async (request, context) =>
        {
            entered?.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            finally
            {
                ended.TrySetResult((context.Deadline, context.CancellationToken.IsCancellationRequested));
            }
            return request;
        };

    private static DateTime In(TimeSpan time) => TimeProvider.System.GetUtcNow().UtcDateTime + time;
}
