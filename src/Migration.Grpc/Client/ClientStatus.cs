using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>What a failure of the transport, or of reading what it carried, means to the caller.</summary>
internal static class ClientStatus
{
    public static Status Of(Exception cause, bool late) => cause switch
    {
        RpcException rpc => rpc.Status,
        OperationCanceledException when late => new Status(StatusCode.DeadlineExceeded, "The deadline passed.", cause),
        OperationCanceledException => new Status(StatusCode.Cancelled, "The call was cancelled.", cause),
        _ when Reset(cause) is { } reset => OfReset(reset, late),
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } =>
            new Status(StatusCode.ResourceExhausted, Text(cause), cause),
        HttpRequestException or IOException or ObjectDisposedException => new Status(StatusCode.Unavailable, Text(cause), cause),
        _ => new Status(StatusCode.Internal, Text(cause), cause),
    };

    // "HTTP2 Transport Mapping", gRPC over HTTP/2. It is about streams; a connection that ends for whatever reason may be made
    // again. .NET tells the two apart by their texts alone (and by resource keys with the same words, where texts are trimmed).
    private static Status OfReset(HttpProtocolException reset, bool late)
    {
        if (!reset.Message.Contains("stream", StringComparison.Ordinal)) return new Status(StatusCode.Unavailable, Text(reset), reset);
        var code = (int)reset.ErrorCode switch
        {
            0x7 => StatusCode.Unavailable, // REFUSED_STREAM
            0x8 => late ? StatusCode.DeadlineExceeded : StatusCode.Cancelled, // CANCEL
            0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
            0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
            _ => StatusCode.Internal,
        };
        return new Status(code, Text(reset), reset);
    }

    private static HttpProtocolException? Reset(Exception cause)
    {
        for (Exception? e = cause; e is not null; e = e.InnerException)
        {
            if (e is HttpProtocolException reset) return reset;
        }
        return null;
    }

    // The outermost says what was tried, the innermost why it failed.
    private static string Text(Exception cause)
    {
        var root = cause.GetBaseException();
        return cause.Message.Contains(root.Message, StringComparison.Ordinal) ? cause.Message : $"{cause.Message} {root.Message}";
    }
}
