using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;

namespace Migration.Grpc.Tests;

public sealed class MessageSizeTests
{
    private const int Limit = 10_000;

    [Fact(Timeout = 20_000)]
    public async Task A_request_beyond_the_servers_limit_is_ResourceExhausted()
    {
        await using var server = await LocalServer.StartAsync(Echo(), options => options.MaxReceiveMessageSize = Limit);
        await server.Client.UnaryCallAsync(Request(Limit - 100));
        await ExpectExhaustedAsync(server.Client.UnaryCallAsync(Request(Limit + 1)).ResponseAsync, "the limit is 10000");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_response_beyond_the_servers_limit_is_ResourceExhausted()
    {
        await using var server = await LocalServer.StartAsync(Echo(), options => options.MaxSendMessageSize = Limit);
        await server.Client.UnaryCallAsync(Request(Limit - 100));
        await ExpectExhaustedAsync(server.Client.UnaryCallAsync(Request(Limit + 1)).ResponseAsync, "the limit is 10000");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_request_beyond_the_clients_limit_is_not_sent()
    {
        var service = new ScriptedService { OnUnary = (_, _) => throw new InvalidOperationException("was called") };
        await using var server = await LocalServer.StartAsync(service);
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxSendMessageSize = Limit });
        await ExpectExhaustedAsync(new TestService.TestServiceClient(channel).UnaryCallAsync(Request(Limit + 1)).ResponseAsync, "the limit is 10000");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_response_beyond_the_clients_limit_is_ResourceExhausted()
    {
        await using var server = await LocalServer.StartAsync(Echo());
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = Limit });
        var client = new TestService.TestServiceClient(channel);
        await client.UnaryCallAsync(Request(Limit - 100));
        await ExpectExhaustedAsync(client.UnaryCallAsync(Request(Limit + 1)).ResponseAsync, "the limit is 10000");
    }

    [Fact(Timeout = 20_000)]
    public async Task The_limit_of_a_side_that_says_nothing_is_4_MiB()
    {
        await using var server = await LocalServer.StartAsync(Echo());
        await ExpectExhaustedAsync(server.Client.UnaryCallAsync(Request((4 << 20) + 1)).ResponseAsync, "the limit is 4194304");
        Assert.Equal((4 << 20) - 100, (await server.Client.UnaryCallAsync(Request((4 << 20) - 100))).Payload.Body.Length);
    }

    [Fact(Timeout = 20_000)]
    public async Task Without_limits_large_messages_pass()
    {
        await using var server = await LocalServer.StartAsync(Echo(), options => options.MaxReceiveMessageSize = null);
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        var response = await new TestService.TestServiceClient(channel).UnaryCallAsync(Request(40 << 20));
        Assert.Equal(40 << 20, response.Payload.Body.Length);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("client")]
    [InlineData("server")]
    public async Task A_small_message_that_unpacks_beyond_the_limit_is_ResourceExhausted(string receiver)
    {
        var service = new ScriptedService
        {
            OnUnary = (request, _) => Task.FromResult(new SimpleResponse { Payload = Request(request.ResponseSize).Payload }),
        };
        await using var server = await LocalServer.StartAsync(service, options =>
        {
            options.ResponseCompressionAlgorithm = "gzip";
            options.MaxReceiveMessageSize = Limit;
        });
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = Limit });
        Metadata gzip = new() { { "grpc-internal-encoding-request", "gzip" } };
        var request = receiver == "client" ? new SimpleRequest { ResponseSize = 500_000 } : Request(500_000);
        await ExpectExhaustedAsync(new TestService.TestServiceClient(channel).UnaryCallAsync(request, gzip).ResponseAsync, "unpacks to more bytes; the limit is 10000");
    }

    private static async Task ExpectExhaustedAsync(Task call, string detail)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Contains(detail, failure.Status.Detail, StringComparison.Ordinal);
    }

    private static ScriptedService Echo() => new() { OnUnary = (request, _) => Task.FromResult(new SimpleResponse { Payload = request.Payload }) };

    private static SimpleRequest Request(int size) => new() { Payload = new Payload { Body = Google.Protobuf.ByteString.CopyFrom(new byte[size]) } };
}
