using Grpc.Core;
using Grpc.Testing;

namespace Migration.Grpc.Tests;

/// <summary>A service whose methods are what the test says; a method that it says nothing about is not implemented.</summary>
internal sealed class ScriptedService : TestService.TestServiceBase
{
    public UnaryServerMethod<Empty, Empty>? OnEmpty { get; init; }

    public UnaryServerMethod<SimpleRequest, SimpleResponse>? OnUnary { get; init; }

    public ClientStreamingServerMethod<StreamingInputCallRequest, StreamingInputCallResponse>? OnInput { get; init; }

    public ServerStreamingServerMethod<StreamingOutputCallRequest, StreamingOutputCallResponse>? OnOutput { get; init; }

    public DuplexStreamingServerMethod<StreamingOutputCallRequest, StreamingOutputCallResponse>? OnDuplex { get; init; }

    public override Task<Empty> EmptyCall(Empty request, ServerCallContext context) =>
        OnEmpty?.Invoke(request, context) ?? base.EmptyCall(request, context);

    public override Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context) =>
        OnUnary?.Invoke(request, context) ?? base.UnaryCall(request, context);

    public override Task<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context) =>
        OnInput?.Invoke(requestStream, context) ?? base.StreamingInputCall(requestStream, context);

    public override Task StreamingOutputCall(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context) =>
        OnOutput?.Invoke(request, responseStream, context) ?? base.StreamingOutputCall(request, responseStream, context);

    public override Task FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context) =>
        OnDuplex?.Invoke(requestStream, responseStream, context) ?? base.FullDuplexCall(requestStream, responseStream, context);
}
