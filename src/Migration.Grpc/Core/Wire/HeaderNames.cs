namespace Grpc.Core;

/// <summary>The protocol's own headers.</summary>
internal static class HeaderNames
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";

    /// <summary>A caller's wish for the encoding of its requests; read by the client and not sent.</summary>
    public const string RequestEncodingWish = "grpc-internal-encoding-request";

    /// <summary>Is this header the protocol's business rather than the application's?</summary>
    public static bool IsReserved(string name) => name switch
    {
        Status or Message or Timeout or Encoding or AcceptEncoding or RequestEncodingWish => true,
        "content-type" or "te" or "content-length" or "transfer-encoding" or "connection" or "host" => true,
        "grpc-message-type" => true,
        _ => name.Length == 0 || name[0] == ':',
    };

    /// <summary>Is this the content type of a gRPC message: application/grpc, +proto and the like, or with parameters?</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');
}
