using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;
using Migration.Interop;
using Migration.Testing;

namespace Migration.Grpc.Tests;

/// <summary>The published cases, and a few of our own, against grpc-js on the other side.</summary>
public sealed class GrpcJsTests(GrpcJs js) : IClassFixture<GrpcJs>
{
    public static TheoryData<string> Cases => [.. InteropCases.ByName.Keys];

    [Theory(Timeout = 120_000)]
    [InlineData("plain")]
    [InlineData("gzip")]
    public async Task Its_client_passes_every_case_against_our_server(string encoding)
    {
        await using var server = await LocalServer.StartAsync(new InteropService(TimeProvider.System), options => options.ResponseCompressionAlgorithm = "gzip");
        string[] gzip = encoding == "gzip" ? ["--gzip", "1"] : [];
        string[] cases =
        [
            "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream", "cancel_after_begin",
            "cancel_after_first_response", "timeout_on_sleeping_server", "custom_metadata", "status_code_and_message", "special_status_message",
            "unimplemented_method", "unimplemented_service", "many_at_once",
        ];
        var output = await Shell.RunAsync("node", [js.Script("client.js"), "--port", $"{server.Address.Port}", "--protos", js.Protos, .. gzip, .. cases]);
        Assert.Equal(cases.Select(name => $"{name}: passed"), output.Trim().Split('\n'));
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task Our_client_passes_every_case_against_its_server(string name)
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{js.Server.Port}");
        await InteropCases.ByName[name](new InteropCases(channel));
    }

    [Fact(Timeout = 120_000)]
    public async Task Our_client_reads_what_its_server_compresses()
    {
        await using var server = await js.StartServerAsync("--gzip", "1");
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{server.Port}");
        await InteropCases.ByName["large_unary"](new InteropCases(channel));
        await InteropCases.ByName["server_streaming"](new InteropCases(channel));
    }

    [Fact(Timeout = 120_000)]
    public async Task Our_service_learns_that_its_client_has_cancelled()
    {
        var cancelled = new TaskCompletionSource();
        await using var server = await LocalServer.StartAsync(new ScriptedService
        {
            OnDuplex = async (requests, responses, context) =>
            {
                using var registration = context.CancellationToken.Register(() => cancelled.TrySetResult());
                Assert.True(await requests.MoveNext());
                var payload = new Payload { Body = Google.Protobuf.ByteString.CopyFrom(new byte[31415]) };
                await responses.WriteAsync(new StreamingOutputCallResponse { Payload = payload });
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            },
        });
        await Shell.RunAsync("node", js.Script("client.js"), "--port", $"{server.Address.Port}", "--protos", js.Protos, "cancel_after_first_response");
        await cancelled.Task;
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_dies_makes_our_calls_Unavailable()
    {
        var server = await js.StartServerAsync();
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{server.Port}");
        using var call = new TestService.TestServiceClient(channel).FullDuplexCall();
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseParameters = { new ResponseParameters { Size = 1 } } });
        Assert.True(await call.ResponseStream.MoveNext());
        await server.DisposeAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }
}
