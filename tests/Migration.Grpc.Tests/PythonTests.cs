using Grpc.Net.Client;
using Migration.Interop;
using Migration.Testing;

namespace Migration.Grpc.Tests;

/// <summary>The published cases, and a few of our own, against Debian's grpcio on the other side.</summary>
public sealed class PythonTests(PythonServer python) : IClassFixture<PythonServer>
{
    public static TheoryData<string> Cases => [.. InteropCases.ByName.Keys];

    [Fact(Timeout = 120_000)]
    public async Task Its_client_passes_every_case_against_our_server()
    {
        await using var server = await LocalServer.StartAsync(new InteropService(TimeProvider.System), options => options.ResponseCompressionAlgorithm = "gzip");
        string[] cases =
        [
            "empty_unary", "large_unary", "compressed_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
            "cancel_after_first_response", "timeout_on_sleeping_server", "custom_metadata", "status_code_and_message", "special_status_message",
            "unimplemented_method", "unimplemented_service", "oversized_request", "oversized_response", "not_protobuf",
        ];
        var output = await Shell.RunAsync("env", ["PYTHONDONTWRITEBYTECODE=1", PythonServer.Interpreter, PythonServer.Script("client.py"), $"{server.Address.Port}", .. cases]);
        Assert.Equal(cases.Select(name => $"{name}: passed"), output.Trim().Split('\n'));
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task Our_client_passes_every_case_against_its_server(string name)
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{python.Peer.Port}");
        await InteropCases.ByName[name](new InteropCases(channel));
    }
}
