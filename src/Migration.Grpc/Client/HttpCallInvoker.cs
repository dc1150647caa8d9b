using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Makes calls over a channel.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new ClientCall(channel, method, host, options);
        call.Start(request, method.RequestMarshaller.ContextualSerializer);
        var response = call.ReadOnlyMessageAsync(method.ResponseMarshaller.ContextualDeserializer);
        return new AsyncUnaryCall<TResponse>(response, call.ResponseHeaders, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new ClientCall(channel, method, host, options);
        call.Start(request, method.RequestMarshaller.ContextualSerializer);
        var responses = new ResponseStream<TResponse>(call, method.ResponseMarshaller);
        return new AsyncServerStreamingCall<TResponse>(responses, call.ResponseHeaders, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new ClientCall(channel, method, host, options);
        var requests = Requests(call, method);
        var response = call.ReadOnlyMessageAsync(method.ResponseMarshaller.ContextualDeserializer);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            requests, response, call.ResponseHeaders, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new ClientCall(channel, method, host, options);
        var requests = Requests(call, method);
        var responses = new ResponseStream<TResponse>(call, method.ResponseMarshaller);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            requests, responses, call.ResponseHeaders, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    private static RequestStream<TRequest> Requests<TRequest, TResponse>(ClientCall call, Method<TRequest, TResponse> method)
    {
        var content = new ManyMessagesContent();
        call.Start(content);
        return new RequestStream<TRequest>(call, content, method, method.RequestMarshaller);
    }
}
