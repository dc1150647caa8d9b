using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server;

/// <summary>Maps services onto a server's endpoints, and answers for what is not mapped.</summary>
internal sealed class ServerMethods(IOptions<GrpcServiceOptions> options, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger("Grpc.AspNetCore.Server");
    private bool _answersForUnknown;

    public IReadOnlyList<IEndpointConventionBuilder> Map<[DynamicallyAccessedMembers(ServiceBinding.UsedMembers)] TService>(IEndpointRouteBuilder endpoints)
        where TService : class
    {
        AnswerForUnknown(endpoints);
        var binder = new ServiceBinder<TService>(endpoints, options.Value, _logger);
        ServiceBinding.Bind(typeof(TService), binder);
        return binder.Mapped;
    }

    private void AnswerForUnknown(IEndpointRouteBuilder endpoints)
    {
        if (_answersForUnknown) return;
        _answersForUnknown = true;
        endpoints.Map("/{service}/{method}", RefuseAsync).WithDisplayName("gRPC - unknown method").WithOrder(int.MaxValue);
    }

    private Task RefuseAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !HeaderNames.IsGrpc(context.Request.ContentType))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        var path = context.Request.Path.Value;
        return new ServerCall(context, path!, options.Value, _logger)
            .RunAsync(_ => throw new RpcException(new Status(StatusCode.Unimplemented, $"{path} is not implemented here.")));
    }
}
