using Grpc.Core;
using Grpc.Testing;

namespace Migration.Grpc.Tests;

public sealed class StreamingCallTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_server_streams_until_it_is_done()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnOutput = async (request, responses, context) =>
            {
                foreach (var wanted in request.ResponseParameters) await responses.WriteAsync(Response(wanted.Size));
                context.ResponseTrailers.Add("sent", request.ResponseParameters.Count.ToString());
            },
        });
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.AddRange(Enumerable.Range(0, 500).Select(size => new ResponseParameters { Size = size }));
        using var call = server.Client.StreamingOutputCall(request);
        var sizes = new List<int>();
        await foreach (var response in call.ResponseStream.ReadAllAsync()) sizes.Add(response.Payload.Body.Length);
        Assert.Equal(Enumerable.Range(0, 500), sizes);
        Assert.Equal("500", call.GetTrailers().GetValue("sent"));
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact(Timeout = 20_000)]
    public async Task A_stream_that_fails_gives_what_came_first_and_then_the_status()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnOutput = async (_, responses, _) =>
            {
                await responses.WriteAsync(Response(1));
                throw new RpcException(new Status(StatusCode.Aborted, "enough"), new Metadata { { "why", "because" } });
            },
        });
        using var call = server.Client.StreamingOutputCall(new StreamingOutputCallRequest());
        Assert.True(await call.ResponseStream.MoveNext());
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        Assert.Equal((StatusCode.Aborted, "enough"), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal("because", failure.Trailers.GetValue("why"));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_streams_until_it_is_done()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnInput = async (requests, _) =>
            {
                var total = 0;
                await foreach (var request in requests.ReadAllAsync()) total += request.Payload.Body.Length;
                return new StreamingInputCallResponse { AggregatedPayloadSize = total };
            },
        });
        using var call = server.Client.StreamingInputCall();
        for (var i = 0; i < 500; i++) await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(i) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(500 * 499 / 2, (await call).AggregatedPayloadSize);
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new StreamingInputCallRequest()));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_server_may_answer_before_the_client_has_sent_all()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnInput = (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "not you")),
        });
        using var call = server.Client.StreamingInputCall();
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
        var write = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(100) }));
        Assert.Equal(StatusCode.PermissionDenied, write.StatusCode);
        await call.RequestStream.CompleteAsync();
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_that_goes_on_writing_learns_how_the_call_ended()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnInput = async (requests, _) =>
            {
                await requests.MoveNext();
                throw new RpcException(new Status(StatusCode.ResourceExhausted, "one is enough"));
            },
        });
        using var call = server.Client.StreamingInputCall();
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true) await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(10_000) });
        });
        Assert.Equal((StatusCode.ResourceExhausted, "one is enough"), (failure.StatusCode, failure.Status.Detail));
    }

    [Fact(Timeout = 20_000)]
    public async Task Both_sides_stream_at_once()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService { OnDuplex = EchoAsync });
        using var call = server.Client.FullDuplexCall();
        for (var i = 0; i < 200; i++)
        {
            await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { Payload = Zeros(i) });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(i, call.ResponseStream.Current.Payload.Body.Length);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_slow_reader_holds_the_writer_back()
    {
        var sent = 0;
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnOutput = async (_, responses, context) =>
            {
                while (!context.CancellationToken.IsCancellationRequested)
                {
                    await responses.WriteAsync(Response(1_000_000));
                    Interlocked.Increment(ref sent);
                }
            },
        });
        using var call = server.Client.StreamingOutputCall(new StreamingOutputCallRequest());
        Assert.True(await call.ResponseStream.MoveNext());
        for (var i = 0; i < 50; i++) Assert.True(await call.ResponseStream.MoveNext());
        // What was written and not read is in buffers, whose sizes are bounded on both sides.
        Assert.InRange(Volatile.Read(ref sent), 40, 51 + 60);
    }

    [Fact(Timeout = 20_000)]
    public async Task Headers_arrive_before_any_message()
    {
        var go = new TaskCompletionSource();
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnDuplex = async (_, responses, context) =>
            {
                await context.WriteResponseHeadersAsync(new Metadata { { "ready", "yes" } });
                await go.Task;
                await responses.WriteAsync(Response(1));
            },
        });
        using var call = server.Client.FullDuplexCall();
        Assert.Equal("yes", (await call.ResponseHeadersAsync).GetValue("ready"));
        go.SetResult();
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact(Timeout = 20_000)]
    public async Task A_status_is_known_only_once_the_call_has_ended()
    {
        await using var server = await LocalServer.StartAsync(new ScriptedService { OnDuplex = EchoAsync });
        using var call = server.Client.FullDuplexCall();
        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
        Assert.Throws<InvalidOperationException>(() => call.ResponseStream.Current);
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static async Task EchoAsync(
        IAsyncStreamReader<StreamingOutputCallRequest> requests, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        await foreach (var request in requests.ReadAllAsync()) await responses.WriteAsync(new StreamingOutputCallResponse { Payload = request.Payload });
    }

    private static StreamingOutputCallResponse Response(int size) => new() { Payload = Zeros(size) };

    private static Payload Zeros(int size) => new() { Body = Google.Protobuf.ByteString.CopyFrom(new byte[size]) };
}
