using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Makes an endpoint of each method of a service. Each call gets its own service object unless the container holds one.</summary>
internal sealed class ServiceBinder<[DynamicallyAccessedMembers(ServiceBinding.UsedMembers)] TService>(
    IEndpointRouteBuilder endpoints, GrpcServiceOptions options, ILogger logger) : ServiceBinderBase
    where TService : class
{
    private readonly Lazy<ObjectFactory<TService>> _factory = new(() => ActivatorUtilities.CreateFactory<TService>([]));
    private readonly List<IEndpointConventionBuilder> _mapped = [];

    // Outermost last: each wraps what the ones after it made.
    private readonly Interceptor[] _interceptors = [.. options.Interceptors.Reverse().Select(registered => registered.Create(endpoints.ServiceProvider))];

    public IReadOnlyList<IEndpointConventionBuilder> Mapped => _mapped;

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(
            method, typeof(TRequest), typeof(ServerCallContext));
        var invoke = _interceptors.Aggregate(
            (UnaryServerMethod<TRequest, TResponse>)((request, context) => implementation(ServiceFor(context), request, context)),
            (next, interceptor) => (request, context) => interceptor.UnaryServerHandler(request, context, next));
        Map(method, async call =>
        {
            var request = await call.ReadOnlyMessageAsync(method.RequestMarshaller.ContextualDeserializer);
            var response = await invoke(request, call);
            call.WriteMessage(response, method.ResponseMarshaller.ContextualSerializer, null);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        var invoke = _interceptors.Aggregate(
            (ClientStreamingServerMethod<TRequest, TResponse>)((requests, context) => implementation(ServiceFor(context), requests, context)),
            (next, interceptor) => (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, next));
        Map(method, async call =>
        {
            var response = await invoke(new RequestReader<TRequest>(call, method.RequestMarshaller), call);
            call.WriteMessage(response, method.ResponseMarshaller.ContextualSerializer, null);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        var invoke = _interceptors.Aggregate(
            (ServerStreamingServerMethod<TRequest, TResponse>)((request, responses, context) =>
                implementation(ServiceFor(context), request, responses, context)),
            (next, interceptor) => (request, responses, context) => interceptor.ServerStreamingServerHandler(request, responses, context, next));
        Map(method, async call =>
        {
            var request = await call.ReadOnlyMessageAsync(method.RequestMarshaller.ContextualDeserializer);
            await invoke(request, new ResponseWriter<TResponse>(call, method.ResponseMarshaller), call);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        var invoke = _interceptors.Aggregate(
            (DuplexStreamingServerMethod<TRequest, TResponse>)((requests, responses, context) =>
                implementation(ServiceFor(context), requests, responses, context)),
            (next, interceptor) => (requests, responses, context) => interceptor.DuplexStreamingServerHandler(requests, responses, context, next));
        Map(method, call => invoke(
            new RequestReader<TRequest>(call, method.RequestMarshaller), new ResponseWriter<TResponse>(call, method.ResponseMarshaller), call));
    }

    private void Map(IMethod method, Func<ServerCall, Task> handler)
    {
        var endpoint = endpoints
            .Map(method.FullName, context => new ServerCall(context, method.FullName, options, logger).RunAsync(handler))
            .WithDisplayName($"gRPC - {method.FullName}")
            .WithMetadata(new GrpcMethodMetadata(typeof(TService), method));
        _mapped.Add(endpoint);
    }

    private static TDelegate Implementation<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate
    {
        var implementation = typeof(TService).GetMethod(method.Name, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService)} has no method {method.Name} for {method.FullName}.");
        return implementation.CreateDelegate<TDelegate>();
    }

    private TService ServiceFor(ServerCallContext context)
    {
        var http = context.GetHttpContext();
        if (http.RequestServices.GetService<TService>() is { } shared) return shared;
        var service = _factory.Value(http.RequestServices, null);
        if (service is IAsyncDisposable asyncDisposable) http.Response.RegisterForDisposeAsync(asyncDisposable);
        else if (service is IDisposable disposable) http.Response.RegisterForDispose(disposable);
        return service;
    }
}
