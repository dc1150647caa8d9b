using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Migration.Interop;

/// <summary>What the interoperability tests expect of a server.</summary>
public sealed class InteropService(TimeProvider time) : TestService.TestServiceBase
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";

    private static readonly WriteOptions Plain = new(WriteFlags.NoCompress);

    public override async Task<Empty> EmptyCall(Empty request, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        return new Empty();
    }

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        EndAsAsked(request.ResponseStatus);
        if (request.ResponseCompressed?.Value != true) context.WriteOptions = Plain;
        return new SimpleResponse { Payload = Zeros(request.ResponseType, request.ResponseSize) };
    }

    public override async Task StreamingOutputCall(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        EndAsAsked(request.ResponseStatus);
        await AnswerAsync(request, responseStream, context);
    }

    public override async Task<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        context.WriteOptions = Plain;
        var total = 0;
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            total += request.Payload?.Body.Length ?? 0;
        }
        return new StreamingInputCallResponse { AggregatedPayloadSize = total };
    }

    public override async Task FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            EndAsAsked(request.ResponseStatus);
            await AnswerAsync(request, responseStream, context);
        }
    }

    public override async Task HalfDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        var requests = new List<StreamingOutputCallRequest>();
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            requests.Add(request);
        }
        foreach (var request in requests)
        {
            await AnswerAsync(request, responseStream, context);
        }
    }

    private async Task AnswerAsync(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        foreach (var wanted in request.ResponseParameters)
        {
            if (wanted.IntervalUs > 0) await Task.Delay(TimeSpan.FromMicroseconds(wanted.IntervalUs), time, context.CancellationToken);
            responses.WriteOptions = wanted.Compressed?.Value == true ? WriteOptions.Default : Plain;
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(request.ResponseType, wanted.Size) });
        }
    }

    private static async Task EchoMetadataAsync(ServerCallContext context)
    {
        if (context.RequestHeaders.Get(EchoTrailing) is { } trailing) context.ResponseTrailers.Add(trailing);
        if (context.RequestHeaders.Get(EchoInitial) is { } initial) await context.WriteResponseHeadersAsync([initial]);
    }

    private static void EndAsAsked(EchoStatus? wanted)
    {
        if (wanted is not null && wanted.Code != 0) throw new RpcException(new Status((StatusCode)wanted.Code, wanted.Message));
    }

    private static Payload Zeros(PayloadType type, int size)
    {
        if (type != PayloadType.Compressable) throw new RpcException(new Status(StatusCode.InvalidArgument, $"Payload type {(int)type} is not offered."));
        if (size is < 0 or > 64 * 1024 * 1024) throw new RpcException(new Status(StatusCode.InvalidArgument, $"A payload of {size} bytes is not offered."));
        return new Payload { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };
    }
}
