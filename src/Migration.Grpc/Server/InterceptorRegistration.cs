using System.Diagnostics.CodeAnalysis;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>An interceptor by its type; one instance serves all calls.</summary>
public sealed class InterceptorRegistration
{
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)]
    private readonly Type _type;

    private readonly object[] _arguments;

    internal InterceptorRegistration([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type type, object[] arguments)
    {
        _type = type;
        _arguments = arguments;
    }

    public Type Type => _type;

    public IReadOnlyList<object> Arguments => _arguments;

    internal Interceptor Create(IServiceProvider services) =>
        (Interceptor)(services.GetService(_type) ?? ActivatorUtilities.CreateInstance(services, _type, _arguments));
}
