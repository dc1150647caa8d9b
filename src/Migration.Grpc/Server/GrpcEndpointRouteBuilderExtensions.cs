using System.Diagnostics.CodeAnalysis;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts services where clients find them.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Maps every method of a service whose base class was generated.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<
        [DynamicallyAccessedMembers(ServiceBinding.UsedMembers)] TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        var methods = builder.ServiceProvider.GetService<ServerMethods>()
            ?? throw new InvalidOperationException($"{typeof(TService).Name} cannot be mapped: AddGrpc has not been called on the services.");
        return new GrpcServiceEndpointConventionBuilder(methods.Map<TService>(builder));
    }
}
