using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Says, on an endpoint, which method of which service it is.</summary>
public sealed class GrpcMethodMetadata
{
    internal GrpcMethodMetadata(Type serviceType, IMethod method)
    {
        ServiceType = serviceType;
        Method = method;
    }

    public Type ServiceType { get; }

    public IMethod Method { get; }
}
