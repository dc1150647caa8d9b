using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Migration.Interop;

namespace Migration.Grpc.Tests;

/// <summary>Looks at the process's memory, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(HostileInputTests), DisableParallelization = true)]
[Collection(nameof(HostileInputTests))]
public sealed class HostileInputTests
{
    private const int Seed = 20261120;
    private const long Allowance = 4 << 20;

    [Fact(Timeout = 120_000)]
    public async Task Ten_thousand_malformed_requests_leave_the_server_as_it_was()
    {
        await using var server = await LocalServer.StartAsync(new InteropService(TimeProvider.System), options => options.ResponseCompressionAlgorithm = "gzip");
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(100));
        await AttackAsync(1000, Seed, AttackOnceAsync);
        var before = Memory();

        await AttackAsync(10_000, Seed + 1, AttackOnceAsync);
        await InteropCases.ByName["large_unary"](new InteropCases(server.Channel));
        await InteropCases.ByName["ping_pong"](new InteropCases(server.Channel));
        ExpectNoMoreThan(before + Allowance);
        Assert.Empty(server.Errors.Lines);

        Task AttackOnceAsync(int i, Random random) => i % 4 == 0
            ? HostileConnection.SayAsync(server.Address, i / 4, random, limit.Token)
            : HostileCall.MakeAsync(http, server.Address, random, limit.Token);
    }

    [Fact(Timeout = 120_000)]
    public async Task Three_thousand_malformed_responses_leave_the_client_as_it_was()
    {
        await using var server = await LocalServer.StartRawAsync(AnswerBadlyAsync);
        await AttackAsync(300, Seed, (_, random) => SufferAsync(server.Channel, random));
        var before = Memory();

        await AttackAsync(3000, Seed + 1, (_, random) => SufferAsync(server.Channel, random));
        ExpectNoMoreThan(before + Allowance);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_talks_nonsense_is_an_RpcException()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        using var stop = new CancellationTokenSource();
        var serving = TalkNonsenseAsync(listener, stop.Token);
        await AttackAsync(300, Seed, async (_, _) =>
        {
            using var channel = GrpcChannel.ForAddress($"http://{listener.LocalEndpoint}");
            var failure = await Assert.ThrowsAsync<RpcException>(() => new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty()).ResponseAsync);
            Assert.Contains(failure.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
        });
        await stop.CancelAsync();
        await serving;
    }

    private static Task AttackAsync(int times, int seed, Func<int, Random, Task> attack) => Parallel.ForEachAsync(
        Enumerable.Range(0, times), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await attack(i, new Random(seed + i)));

    // Every kind of call against a server that bends its answers; whatever comes back, the only failure is an RpcException.
    private static async Task SufferAsync(GrpcChannel channel, Random random)
    {
        var client = new TestService.TestServiceClient(channel);
        var headers = new Metadata { { "seed", $"{random.Next()}" } };
        try
        {
            switch (random.Next(3))
            {
                case 0:
                    await client.UnaryCallAsync(new SimpleRequest(), headers);
                    break;
                case 1:
                    using (var call = client.StreamingOutputCall(new StreamingOutputCallRequest(), headers))
                    {
                        await foreach (var _ in call.ResponseStream.ReadAllAsync())
                        {
                        }
                    }
                    break;
                default:
                    using (var call = client.FullDuplexCall(headers))
                    {
                        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest());
                        await call.ResponseStream.MoveNext();
                    }
                    break;
            }
        }
        catch (RpcException e)
        {
            Assert.NotEqual(StatusCode.OK, e.StatusCode);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("the call has ended", StringComparison.Ordinal))
        {
            // The server had already said that the call succeeded when the client wanted to write.
        }
    }

    private static async Task AnswerBadlyAsync(HttpContext context)
    {
        var random = new Random(int.Parse(context.Request.Headers["seed"]!));
        var response = context.Response;
        if (random.Next(8) == 0) response.StatusCode = random.Next(200, 600);
        if (random.Next(8) != 0) response.ContentType = "application/grpc";
        if (random.Next(3) == 0) response.Headers["grpc-encoding"] = random.Next(2) == 0 ? "gzip" : "zip";
        if (random.Next(8) == 0) response.Headers["grpc-status"] = $"{random.Next(-3, 30)}";
        if (random.Next(8) == 0) response.Headers["some-bin"] = "!!!";
        for (var frames = random.Next(4); frames > 0; frames--)
        {
            var message = new byte[random.Next(2000)];
            if (random.Next(2) == 0) random.NextBytes(message);
            uint? length = random.Next(4) == 0 ? (uint)random.NextInt64(uint.MaxValue) : null;
            await response.Body.WriteAsync(RawCall.Frame(message, (byte)random.Next(3), length));
        }
        if (random.Next(8) == 0)
        {
            await response.StartAsync();
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(random.Next(14));
            return;
        }
        if (random.Next(3) != 0) response.AppendTrailer("grpc-status", random.Next(2) == 0 ? "0" : $"{random.Next(-3, 30)}");
        if (random.Next(3) == 0) response.AppendTrailer("grpc-message", "%%%e2%28");
    }

    private static async Task TalkNonsenseAsync(TcpListener listener, CancellationToken ct)
    {
        var random = new Random(Seed);
        var buffer = new byte[4096];
        while (!ct.IsCancellationRequested)
        {
            try
            {
                using var socket = await listener.AcceptSocketAsync(ct);
                await socket.ReceiveAsync(buffer, ct);
                var nonsense = new byte[random.Next(500)];
                random.NextBytes(nonsense);
                // Half of it begins as HTTP/2 would.
                if (random.Next(2) == 0) await socket.SendAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 }, ct);
                await socket.SendAsync(nonsense, ct);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The test is over, or this client has heard enough.
            }
        }
    }

    private static long Memory()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static void ExpectNoMoreThan(long bytes)
    {
        var now = Memory();
        Assert.True(now <= bytes, $"{now:N0} bytes are in use after the attack; {bytes - Allowance:N0} were before");
        TestContext.Current.SendDiagnosticMessage($"{bytes - Allowance:N0} bytes before, {now:N0} after");
    }
}
