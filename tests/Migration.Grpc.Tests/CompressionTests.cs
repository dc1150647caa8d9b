using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Migration.Grpc.Tests;

public sealed class CompressionTests
{
    private static readonly SimpleRequest Request = new() { Payload = new Payload { Body = ByteString.CopyFrom(new byte[50_000]) } };

    [Fact(Timeout = 20_000)]
    public async Task A_compressed_request_is_read()
    {
        await using var server = await LocalServer.StartAsync(Echo());
        var answer = await CallAsync(server, RawCall.Frame(Gzip(Request.ToByteArray()), flag: 1), ("grpc-encoding", "gzip"));
        Assert.Equal("0", answer.Status);
        Assert.Equal(50_000, SimpleResponse.Parser.ParseFrom(answer.Body.AsSpan(5)).Payload.Body.Length);
        var plain = await CallAsync(server, RawCall.Frame(Request.ToByteArray()), ("grpc-encoding", "gzip"));
        Assert.Equal("0", plain.Status);
    }

    [Fact(Timeout = 20_000)]
    public async Task Responses_are_compressed_for_those_who_accept_it()
    {
        await using var server = await LocalServer.StartAsync(Echo(), options => options.ResponseCompressionAlgorithm = "gzip");
        var compressed = await CallAsync(server, RawCall.Frame(Request.ToByteArray()), ("grpc-accept-encoding", "identity, deflate,gzip"));
        Assert.Equal(1, compressed.Body[0]);
        Assert.InRange(compressed.Body.Length, 10, 1000);
        var plain = await CallAsync(server, RawCall.Frame(Request.ToByteArray()), ("grpc-accept-encoding", "identity,deflate"));
        Assert.Equal(0, plain.Body[0]);
        Assert.Equal(50_000, (await server.Client.UnaryCallAsync(Request)).Payload.Body.Length);
    }

    [Fact(Timeout = 20_000)]
    public async Task Single_messages_are_left_plain()
    {
        await using var server = await LocalServer.StartAsync(
            new ScriptedService
            {
                OnOutput = async (_, responses, _) =>
                {
                    await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Request.Payload });
                    responses.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
                    await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Request.Payload });
                },
            },
            options => options.ResponseCompressionAlgorithm = "gzip");
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, server.Address, "StreamingOutputCall", RawCall.Frame([]), ("grpc-accept-encoding", "gzip"));
        Assert.Equal(1, answer.Body[0]);
        Assert.Equal(0, answer.Body[5 + answer.Body[4] + 256 * answer.Body[3]]);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_compresses_when_asked_to()
    {
        var (encoding, body) = ("", Array.Empty<byte>());
        await using var server = await LocalServer.StartRawAsync(async context =>
        {
            encoding = context.Request.Headers["grpc-encoding"]!;
            var buffer = new MemoryStream();
            await context.Request.Body.CopyToAsync(buffer);
            body = buffer.ToArray();
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "5";
        });
        Metadata gzip = new() { { "grpc-internal-encoding-request", "gzip" } };
        await Assert.ThrowsAsync<RpcException>(() => server.Client.UnaryCallAsync(Request, gzip).ResponseAsync);
        Assert.Equal("gzip", encoding);
        Assert.Equal(1, body[0]);
        using var unpacked = new GZipStream(new MemoryStream(body, 5, body.Length - 5), CompressionMode.Decompress);
        Assert.Equal(Request, SimpleRequest.Parser.ParseFrom(unpacked));

        var plain = new CallOptions(gzip, writeOptions: new WriteOptions(WriteFlags.NoCompress));
        await Assert.ThrowsAsync<RpcException>(() => server.Client.UnaryCallAsync(Request, plain).ResponseAsync);
        Assert.Equal(0, body[0]);
    }

    [Fact(Timeout = 20_000)]
    public async Task An_unknown_encoding_is_Unimplemented_and_the_known_ones_are_told()
    {
        await using var server = await LocalServer.StartAsync(Echo());
        var answer = await CallAsync(server, RawCall.Frame([1, 2, 3], flag: 1), ("grpc-encoding", "snappy"));
        Assert.Equal("12", answer.Status);
        Assert.Equal("identity,gzip", answer.AcceptEncoding);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(null)]
    [InlineData("identity")]
    [InlineData("gzip")]
    public async Task Compressed_messages_that_cannot_be_are_Internal(string? encoding)
    {
        await using var server = await LocalServer.StartAsync(Echo());
        var headers = encoding is null ? [] : new[] { ("grpc-encoding", encoding) };
        var answer = await CallAsync(server, RawCall.Frame([1, 2, 3], flag: 1), headers);
        Assert.Equal("13", answer.Status);
    }

    [Fact(Timeout = 20_000)]
    public async Task Empty_messages_pass_through_compression()
    {
        await using var server = await LocalServer.StartAsync(
            new ScriptedService { OnEmpty = (request, _) => Task.FromResult(request) }, options => options.ResponseCompressionAlgorithm = "gzip");
        await server.Client.EmptyCallAsync(new Empty(), new Metadata { { "grpc-internal-encoding-request", "gzip" } });
    }

    private static ScriptedService Echo() => new() { OnUnary = (request, _) => Task.FromResult(new SimpleResponse { Payload = request.Payload }) };

    private static async Task<RawAnswer> CallAsync(LocalServer server, byte[] body, params (string, string)[] headers)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        return await RawCall.SendAsync(http, server.Address, "UnaryCall", body, headers);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
