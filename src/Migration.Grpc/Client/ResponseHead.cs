using System.Globalization;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Reads what the headers and trailers of a response say.</summary>
internal static class ResponseHead
{
    /// <summary>The status of a response that ends with its headers, by the server's word or because it is not gRPC's. Null: messages may follow.</summary>
    public static Status? Refusal(HttpResponseMessage response)
    {
        if (Status(response.Headers) is { } said) return said;
        var code = (int)response.StatusCode;
        if (code != 200) return new Status(FromHttp(code), $"The server answered with HTTP status {code} instead of gRPC.");
        var contentType = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : null;
        return HeaderNames.IsGrpc(contentType)
            ? null
            : new Status(StatusCode.Unknown, $"The server answered with content type '{contentType}' instead of gRPC.");
    }

    /// <summary>The grpc-status among these, with its message. Null: there is none.</summary>
    public static Status? Status(HttpHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(HeaderNames.Status, out var value)) return null;
        var message = headers.NonValidated.TryGetValues(HeaderNames.Message, out var text) ? MessageHeader.Decode(text.ToString()) : "";
        return int.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? new Status(code <= (int)StatusCode.Unauthenticated ? (StatusCode)code : StatusCode.Unknown, message)
            : new Status(StatusCode.Unknown, $"The server answered with grpc-status '{value}'.");
    }

    public static string? Encoding(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues(HeaderNames.Encoding, out var values) ? values.ToString() : null;

    /// <summary>The application's entries.</summary>
    public static Metadata Metadata(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
            {
                MetadataReader.AddHeader(metadata, name, value);
            }
        }
        return metadata;
    }

    // https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
    private static StatusCode FromHttp(int code) => code switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
