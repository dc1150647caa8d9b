namespace Grpc.Core;

/// <summary>A remote method without its message types.</summary>
public interface IMethod
{
    MethodType Type { get; }

    /// <summary>"package.Service".</summary>
    string ServiceName { get; }

    /// <summary>"Method".</summary>
    string Name { get; }

    /// <summary>"/package.Service/Method".</summary>
    string FullName { get; }
}
