using Grpc.Testing;

namespace Migration.Grpc.Tests;

/// <summary>Well-formed HTTP/2 that is bad gRPC: each case ends with its status, and the connection serves on.</summary>
public sealed class MalformedRequestTests
{
    public static TheoryData<string, string, byte[], string> Cases => new()
    {
        { "no message", "UnaryCall", [], "12" },
        { "two messages", "UnaryCall", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "12" },
        { "bytes after the message", "UnaryCall", [0, 0, 0, 0, 0, 7], "12" },
        { "a flag that is none", "UnaryCall", [2, 0, 0, 0, 0], "13" },
        { "every bit of the flag", "UnaryCall", [255, 0, 0, 0, 0], "13" },
        { "a header cut short", "UnaryCall", [0, 0, 0], "13" },
        { "a message cut short", "UnaryCall", [0, 0, 0, 0, 9, 1, 2], "13" },
        { "a length beyond the limit", "UnaryCall", [0, 0x7f, 255, 255, 255, 1], "8" },
        { "a length beyond an int", "UnaryCall", [0, 255, 255, 255, 255, 1], "8" },
        { "no protobuf", "UnaryCall", [0, 0, 0, 0, 3, 255, 255, 255], "13" },
        { "a field longer than the message", "UnaryCall", [0, 0, 0, 0, 2, 0x1a, 100], "13" },
        { "no protobuf in a stream", "StreamingInputCall", [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255], "13" },
        { "a stream cut short", "StreamingInputCall", [0, 0, 0, 0, 0, 0, 0, 0, 0, 9], "13" },
        { "a bad flag in a stream", "FullDuplexCall", [0, 0, 0, 0, 0, 3, 0, 0, 0, 0], "13" },
        { "an unknown method", "NoSuchCall", [0, 0, 0, 0, 0], "12" },
    };

    [Theory(Timeout = 20_000)]
    [MemberData(nameof(Cases))]
    public async Task Bad_messages_end_with_their_status(string what, string method, byte[] body, string status)
    {
        await using var server = await LocalServer.StartAsync(new Interop.InteropService(TimeProvider.System));
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, server.Address, method, body);
        Assert.True(status == answer.Status, $"{what}: {answer.Status} '{answer.Message}'");
        Assert.Equal("0", (await RawCall.SendAsync(http, server.Address, "EmptyCall", RawCall.Frame([]))).Status);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("application/json")]
    [InlineData("application/grpc-web")]
    [InlineData("text/plain")]
    public async Task A_wrong_content_type_is_refused_by_HTTP(string contentType)
    {
        await using var server = await LocalServer.StartAsync(new Interop.InteropService(TimeProvider.System));
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, server.Address, "EmptyCall", RawCall.Frame([]), ("content-type", contentType));
        Assert.Equal(415, answer.Http);
        Assert.Null(answer.Status);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_GET_is_not_a_call()
    {
        await using var server = await LocalServer.StartAsync(new Interop.InteropService(TimeProvider.System));
        using var http = new HttpClient { DefaultRequestVersion = new Version(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var method = await http.GetAsync(new Uri(server.Address, "/grpc.testing.TestService/EmptyCall"));
        Assert.Equal(405, (int)method.StatusCode);
        using var nothing = await http.GetAsync(new Uri(server.Address, "/some/thing"));
        Assert.Equal(404, (int)nothing.StatusCode);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc;charset=utf-8")]
    public async Task Variants_of_the_content_type_are_accepted(string contentType)
    {
        await using var server = await LocalServer.StartAsync(new Interop.InteropService(TimeProvider.System));
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, server.Address, "EmptyCall", RawCall.Frame([]), ("content-type", contentType));
        Assert.Equal("0", answer.Status);
    }

    [Fact(Timeout = 20_000)]
    public async Task Binary_metadata_that_is_not_base64_is_dropped()
    {
        string? seen = null;
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnEmpty = (request, context) =>
            {
                seen = string.Join(' ', context.RequestHeaders.Where(entry => entry.Key.StartsWith("my-", StringComparison.Ordinal)).Select(entry => entry.Key));
                return Task.FromResult(new Empty());
            },
        });
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var answer = await RawCall.SendAsync(http, server.Address, "EmptyCall", RawCall.Frame([]), ("my-bad-bin", "!!!"), ("my-good-bin", "qw"), ("my-text", "x"));
        Assert.Equal("0", answer.Status);
        Assert.Equal("my-good-bin my-text", seen);
    }
}
