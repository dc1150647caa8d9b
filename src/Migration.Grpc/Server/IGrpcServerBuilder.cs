using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>What AddGrpc gives back.</summary>
public interface IGrpcServerBuilder
{
    IServiceCollection Services { get; }
}
