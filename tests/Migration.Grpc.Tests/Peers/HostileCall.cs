using System.Buffers.Binary;

namespace Migration.Grpc.Tests;

/// <summary>Correct HTTP/2 that carries bad gRPC: headers and body are bent at random.</summary>
internal static class HostileCall
{
    private static readonly string[] Methods = ["EmptyCall", "UnaryCall", "StreamingInputCall", "StreamingOutputCall", "FullDuplexCall", "HalfDuplexCall", "NoSuchCall"];
    private static readonly string[] Timeouts = ["1n", "1u", "1m", "", "S", "99999999H", "1.5S", "-1S", "123456789m", "1m"];
    private static readonly string[] Encodings = ["gzip", "identity", "deflate", "GZIP", "", "gzip,gzip", "br"];
    private static readonly string[] ContentTypes = ["application/grpc", "application/grpc+json", "application/grpc;q=1", "text/html", "application/grpc-web"];

    /// <summary>Makes such a call. True: it was answered; false: it was given up half-way, on purpose.</summary>
    public static async Task<bool> MakeAsync(HttpMessageInvoker http, Uri server, Random random, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, $"/grpc.testing.TestService/{Pick(random, Methods)}"))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Body(random)),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", random.Next(8) == 0 ? Pick(random, ContentTypes) : "application/grpc");
        if (random.Next(4) == 0) request.Headers.TryAddWithoutValidation("grpc-timeout", Pick(random, Timeouts));
        if (random.Next(2) == 0) request.Headers.TryAddWithoutValidation("grpc-encoding", Pick(random, Encodings));
        if (random.Next(8) == 0) request.Headers.TryAddWithoutValidation("grpc-accept-encoding", Pick(random, Encodings));
        if (random.Next(8) == 0) request.Headers.TryAddWithoutValidation("x-grpc-test-echo-trailing-bin", Pick(random, ["q6s", "!", "q6s=,", "===="]));
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (random.Next(10) == 0) impatience.CancelAfter(random.Next(3));
        try
        {
            using var response = await http.SendAsync(request, impatience.Token);
            await response.Content.CopyToAsync(Stream.Null, impatience.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
        catch (HttpRequestException e) when (e.InnerException is HttpProtocolException or HttpIOException)
        {
            // The stream was reset: an answer too.
            return true;
        }
    }

    private static byte[] Body(Random random)
    {
        var body = new MemoryStream();
        for (var frames = random.Next(4); frames >= 0; frames--) body.Write(Frame(random));
        var bytes = body.ToArray();
        return random.Next(3) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    private static byte[] Frame(Random random)
    {
        var message = new byte[random.Next(300)];
        if (random.Next(2) == 0) random.NextBytes(message);
        var flag = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)random.Next(2);
        var frame = RawCall.Frame(message, flag);
        if (random.Next(4) == 0) BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)random.NextInt64(uint.MaxValue));
        return frame;
    }

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];
}
