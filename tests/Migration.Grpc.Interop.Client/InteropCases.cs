using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;

namespace Migration.Interop;

/// <summary>The published test cases, each a method of the same name.</summary>
public sealed class InteropCases(GrpcChannel channel)
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";
    private const string InitialValue = "test_initial_metadata_value";
    private const string SpecialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

    private static readonly byte[] TrailingValue = [0xab, 0xab, 0xab];
    private static readonly (int Request, int Response)[] Sizes = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)];

    private readonly TestService.TestServiceClient _client = new(channel);

    public static IReadOnlyDictionary<string, Func<InteropCases, Task>> ByName { get; } = new SortedDictionary<string, Func<InteropCases, Task>>
    {
        ["empty_unary"] = cases => cases.EmptyUnaryAsync(),
        ["large_unary"] = cases => cases.LargeUnaryAsync(),
        ["client_compressed_unary"] = cases => cases.ClientCompressedUnaryAsync(),
        ["server_compressed_unary"] = cases => cases.ServerCompressedUnaryAsync(),
        ["client_streaming"] = cases => cases.ClientStreamingAsync(),
        ["server_streaming"] = cases => cases.ServerStreamingAsync(),
        ["server_compressed_streaming"] = cases => cases.ServerCompressedStreamingAsync(),
        ["ping_pong"] = cases => cases.PingPongAsync(),
        ["empty_stream"] = cases => cases.EmptyStreamAsync(),
        ["cancel_after_begin"] = cases => cases.CancelAfterBeginAsync(),
        ["cancel_after_first_response"] = cases => cases.CancelAfterFirstResponseAsync(),
        ["timeout_on_sleeping_server"] = cases => cases.TimeoutOnSleepingServerAsync(),
        ["custom_metadata"] = cases => cases.CustomMetadataAsync(),
        ["status_code_and_message"] = cases => cases.StatusCodeAndMessageAsync(),
        ["special_status_message"] = cases => cases.SpecialStatusMessageAsync(),
        ["unimplemented_method"] = cases => cases.UnimplementedMethodAsync(),
        ["unimplemented_service"] = cases => cases.UnimplementedServiceAsync(),
    };

    private async Task EmptyUnaryAsync() => Expect(new Empty(), await _client.EmptyCallAsync(new Empty()), "response");

    private async Task LargeUnaryAsync() => ExpectZeros(314159, (await _client.UnaryCallAsync(LargeRequest())).Payload);

    // The server that cannot tell whether a message was compressed is asked only to understand it.
    private async Task ClientCompressedUnaryAsync()
    {
        Metadata compressed = new() { { "grpc-internal-encoding-request", "gzip" } };
        ExpectZeros(314159, (await _client.UnaryCallAsync(LargeRequest(), compressed)).Payload);
        var plain = new CallOptions(compressed, writeOptions: new WriteOptions(WriteFlags.NoCompress));
        ExpectZeros(314159, (await _client.UnaryCallAsync(LargeRequest(), plain)).Payload);
    }

    private async Task ServerCompressedUnaryAsync()
    {
        foreach (var compressed in new[] { true, false })
        {
            var request = LargeRequest();
            request.ResponseCompressed = new BoolValue { Value = compressed };
            ExpectZeros(314159, (await _client.UnaryCallAsync(request)).Payload);
        }
    }

    private async Task ClientStreamingAsync()
    {
        using var call = _client.StreamingInputCall();
        foreach (var (size, _) in Sizes)
        {
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        }
        await call.RequestStream.CompleteAsync();
        Expect(74922, (await call).AggregatedPayloadSize, "aggregated_payload_size");
    }

    private async Task ServerStreamingAsync()
    {
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.AddRange(Sizes.Select(size => new ResponseParameters { Size = size.Response }));
        using var call = _client.StreamingOutputCall(request);
        foreach (var (_, size) in Sizes)
        {
            await ExpectNextAsync(call.ResponseStream, size);
        }
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task ServerCompressedStreamingAsync()
    {
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.Add(new ResponseParameters { Size = 31415, Compressed = new BoolValue { Value = true } });
        request.ResponseParameters.Add(new ResponseParameters { Size = 92653, Compressed = new BoolValue { Value = false } });
        using var call = _client.StreamingOutputCall(request);
        await ExpectNextAsync(call.ResponseStream, 31415);
        await ExpectNextAsync(call.ResponseStream, 92653);
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task PingPongAsync()
    {
        using var call = _client.FullDuplexCall();
        foreach (var (request, response) in Sizes)
        {
            await call.RequestStream.WriteAsync(Ping(request, response));
            await ExpectNextAsync(call.ResponseStream, response);
        }
        await call.RequestStream.CompleteAsync();
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task EmptyStreamAsync()
    {
        using var call = _client.FullDuplexCall();
        await call.RequestStream.CompleteAsync();
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task CancelAfterBeginAsync()
    {
        using var cancellation = new CancellationTokenSource();
        using var call = _client.StreamingInputCall(cancellationToken: cancellation.Token);
        await cancellation.CancelAsync();
        await ExpectFailureAsync(call.ResponseAsync, StatusCode.Cancelled);
    }

    private async Task CancelAfterFirstResponseAsync()
    {
        using var cancellation = new CancellationTokenSource();
        using var call = _client.FullDuplexCall(cancellationToken: cancellation.Token);
        await call.RequestStream.WriteAsync(Ping(27182, 31415));
        await ExpectNextAsync(call.ResponseStream, 31415);
        await cancellation.CancelAsync();
        await ExpectFailureAsync(call.ResponseStream.MoveNext(), StatusCode.Cancelled);
    }

    private async Task TimeoutOnSleepingServerAsync()
    {
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(1);
        using var call = _client.FullDuplexCall(deadline: deadline);
        await WriteUnlessEndedAsync(call.RequestStream, new StreamingOutputCallRequest { Payload = Zeros(27182) });
        await ExpectFailureAsync(call.ResponseStream.MoveNext(), StatusCode.DeadlineExceeded);
    }

    private async Task CustomMetadataAsync()
    {
        Metadata sent = new() { { EchoInitial, InitialValue }, { EchoTrailing, TrailingValue } };
        using var unary = _client.UnaryCallAsync(LargeRequest(), sent);
        ExpectZeros(314159, (await unary).Payload);
        ExpectEcho(await unary.ResponseHeadersAsync, unary.GetTrailers());

        using var duplex = _client.FullDuplexCall(sent);
        await duplex.RequestStream.WriteAsync(Ping(271828, 314159));
        await duplex.RequestStream.CompleteAsync();
        await ExpectNextAsync(duplex.ResponseStream, 314159);
        await ExpectEndAsync(duplex.ResponseStream);
        ExpectEcho(await duplex.ResponseHeadersAsync, duplex.GetTrailers());
    }

    private async Task StatusCodeAndMessageAsync()
    {
        var wanted = new EchoStatus { Code = (int)StatusCode.Unknown, Message = "test status message" };
        await ExpectFailureAsync(_client.UnaryCallAsync(new SimpleRequest { ResponseStatus = wanted }).ResponseAsync, StatusCode.Unknown, wanted.Message);

        using var duplex = _client.FullDuplexCall();
        await WriteUnlessEndedAsync(duplex.RequestStream, new StreamingOutputCallRequest { ResponseStatus = wanted });
        await duplex.RequestStream.CompleteAsync();
        await ExpectFailureAsync(duplex.ResponseStream.MoveNext(), StatusCode.Unknown, wanted.Message);
    }

    private async Task SpecialStatusMessageAsync()
    {
        var wanted = new EchoStatus { Code = (int)StatusCode.Unknown, Message = SpecialMessage };
        await ExpectFailureAsync(_client.UnaryCallAsync(new SimpleRequest { ResponseStatus = wanted }).ResponseAsync, StatusCode.Unknown, SpecialMessage);
    }

    private async Task UnimplementedMethodAsync() =>
        await ExpectFailureAsync(_client.UnimplementedCallAsync(new Empty()).ResponseAsync, StatusCode.Unimplemented);

    private async Task UnimplementedServiceAsync()
    {
        var client = new UnimplementedService.UnimplementedServiceClient(channel);
        await ExpectFailureAsync(client.UnimplementedCallAsync(new Empty()).ResponseAsync, StatusCode.Unimplemented);
    }

    private static SimpleRequest LargeRequest() => new() { ResponseSize = 314159, Payload = Zeros(271828) };

    private static StreamingOutputCallRequest Ping(int size, int wanted) =>
        new() { Payload = Zeros(size), ResponseParameters = { new ResponseParameters { Size = wanted } } };

    private static Payload Zeros(int size) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };

    // The deadline, or a quick server, may end the call before our own flush returns; whoever reads the responses learns how.
    private static async Task WriteUnlessEndedAsync(IClientStreamWriter<StreamingOutputCallRequest> requests, StreamingOutputCallRequest request)
    {
        try
        {
            await requests.WriteAsync(request);
        }
        catch (RpcException)
        {
        }
    }

    private static async Task ExpectNextAsync(IAsyncStreamReader<StreamingOutputCallResponse> responses, int size)
    {
        if (!await responses.MoveNext()) throw new InteropException($"the stream ended instead of sending {size} bytes");
        ExpectZeros(size, responses.Current.Payload);
    }

    private static async Task ExpectEndAsync(IAsyncStreamReader<StreamingOutputCallResponse> responses)
    {
        if (await responses.MoveNext()) throw new InteropException("a response came where the stream was to end");
    }

    private static async Task ExpectFailureAsync(Task call, StatusCode code, string? detail = null)
    {
        try
        {
            await call;
        }
        catch (RpcException e)
        {
            Expect(code, e.StatusCode, $"status ('{e.Status.Detail}')");
            if (detail is not null) Expect(detail, e.Status.Detail, "status message");
            return;
        }
        throw new InteropException($"the call succeeded instead of failing with {code}");
    }

    private static void ExpectEcho(Metadata headers, Metadata trailers)
    {
        Expect(InitialValue, headers.GetValue(EchoInitial), EchoInitial);
        var trailing = trailers.GetValueBytes(EchoTrailing) ?? throw new InteropException($"no {EchoTrailing} among the trailers");
        Expect(Convert.ToHexString(TrailingValue), Convert.ToHexString(trailing), EchoTrailing);
    }

    private static void ExpectZeros(int size, Payload payload)
    {
        Expect(size, payload.Body.Length, "payload size");
        if (payload.Body.Span.ContainsAnyExcept((byte)0)) throw new InteropException("the payload is not all zeros");
    }

    private static void Expect<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual)) throw new InteropException($"{what}: expected '{expected}', got '{actual}'");
    }
}
