namespace Grpc.Core;

/// <summary>Which sides of a call send many messages.</summary>
public enum MethodType
{
    /// <summary>One request, one response.</summary>
    Unary,

    /// <summary>Many requests, one response.</summary>
    ClientStreaming,

    /// <summary>One request, many responses.</summary>
    ServerStreaming,

    /// <summary>Many of both, in any order.</summary>
    DuplexStreaming,
}
