using System.Buffers.Binary;
using System.Net;

namespace Migration.Grpc.Tests;

/// <summary>A call made by hand over a correct HTTP/2 client: any headers, any bytes.</summary>
internal static class RawCall
{
    public static async Task<RawAnswer> SendAsync(HttpMessageInvoker http, Uri address, string method, byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, $"/grpc.testing.TestService/{method}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", headers.FirstOrDefault(header => header.Name == "content-type").Value ?? "application/grpc");
        foreach (var (name, value) in headers.Where(header => header.Name != "content-type")) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request, CancellationToken.None);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new RawAnswer(
            (int)response.StatusCode, Value(response, "grpc-status"), Value(response, "grpc-message"), Value(response, "grpc-accept-encoding"), bytes);
    }

    /// <summary>A message as it goes over the wire.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message, byte flag = 0, uint? length = null)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    private static string? Value(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.TrailingHeaders.TryGetValues(name, out values) ? values.First() : null;
}
