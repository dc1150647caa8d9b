using System.IO.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>What can be said about the services of a server.</summary>
public sealed class GrpcServiceOptions
{
    /// <summary>The longest response, in bytes; null: no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The longest request, in bytes; null: no limit. By default 4 MiB.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Tell clients the text of exceptions that are not RpcException.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>"gzip": compress responses for clients that accept it.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>What stands in front of every method; the first added sees a call first.</summary>
    public InterceptorCollection Interceptors { get; } = [];
}
