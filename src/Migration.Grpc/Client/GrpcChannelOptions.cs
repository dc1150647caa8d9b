namespace Grpc.Net.Client;

/// <summary>What can be said about a channel.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>The transport: TLS, keep-alive pings and unix sockets are set on it. By default a new SocketsHttpHandler.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Does the channel own the handler it was given?</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>The longest request, in bytes; null: no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The longest response, in bytes; null: no limit. By default 4 MiB.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Throw <see cref="OperationCanceledException"/> rather than RpcException when the caller's token or deadline ended the call.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }
}
