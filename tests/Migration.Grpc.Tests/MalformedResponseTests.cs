using Grpc.Core;
using Grpc.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Migration.Grpc.Tests;

/// <summary>What our client makes of servers that are not gRPC, or bad at it.</summary>
public sealed class MalformedResponseTests
{
    [Theory(Timeout = 20_000)]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(418, StatusCode.Unknown)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    public async Task An_HTTP_status_becomes_a_gRPC_status(int http, StatusCode expected) =>
        Assert.Equal(expected, (await CallAsync(context =>
        {
            context.Response.StatusCode = http;
            return context.Response.WriteAsync("<html>no</html>");
        })).StatusCode);

    [Fact(Timeout = 20_000)]
    public async Task A_grpc_status_counts_more_than_the_HTTP_status() =>
        Assert.Equal(StatusCode.DataLoss, (await CallAsync(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers["grpc-status"] = "15";
            return Task.CompletedTask;
        })).StatusCode);

    [Fact(Timeout = 20_000)]
    public async Task Another_content_type_is_Unknown()
    {
        var failure = await CallAsync(context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("hello");
        });
        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.Contains("text/html", failure.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Headers_alone_can_hold_status_message_and_metadata()
    {
        await using var server = await LocalServer.StartRawAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "9";
            context.Response.Headers["grpc-message"] = "not%20yet%21";
            context.Response.Headers["extra-bin"] = "q6s";
            return Task.CompletedTask;
        });
        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "not yet!"), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal([0xab, 0xab], failure.Trailers.GetValueBytes("extra-bin"));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("no trailers", new byte[] { 0, 0, 0, 0, 0 }, null, StatusCode.Unknown)]
    [InlineData("a status that is no number", new byte[] { 0, 0, 0, 0, 0 }, "fine", StatusCode.Unknown)]
    [InlineData("a negative status", new byte[] { 0, 0, 0, 0, 0 }, "-1", StatusCode.Unknown)]
    [InlineData("a status that nobody has", new byte[] { 0, 0, 0, 0, 0 }, "77", StatusCode.Unknown)]
    [InlineData("success without a message", new byte[0], "0", StatusCode.Unimplemented)]
    [InlineData("two messages", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "0", StatusCode.Unimplemented)]
    [InlineData("a flag that is none", new byte[] { 9, 0, 0, 0, 0 }, "0", StatusCode.Internal)]
    [InlineData("a header cut short", new byte[] { 0, 0, 0 }, "0", StatusCode.Internal)]
    [InlineData("a message cut short", new byte[] { 0, 0, 0, 0, 9, 1 }, "0", StatusCode.Internal)]
    [InlineData("a length beyond the limit", new byte[] { 0, 255, 255, 255, 255, 1 }, "0", StatusCode.ResourceExhausted)]
    [InlineData("compressed without saying how", new byte[] { 1, 0, 0, 0, 1, 1 }, "0", StatusCode.Internal)]
    [InlineData("no protobuf", new byte[] { 0, 0, 0, 0, 1, 255 }, "0", StatusCode.Internal)]
    [InlineData("a message and then a failure", new byte[] { 0, 0, 0, 0, 0 }, "10", StatusCode.Aborted)]
    public async Task Bad_responses_end_with_a_clean_status(string what, byte[] body, string? status, StatusCode expected)
    {
        var failure = await CallAsync(context => AnswerAsync(context, body, status));
        Assert.True(expected == failure.StatusCode, $"{what}: {failure.StatusCode} '{failure.Detail}'");
    }

    [Theory(Timeout = 20_000)]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public async Task A_stream_reset_becomes_a_gRPC_status(int code, StatusCode expected) =>
        Assert.Equal(expected, (await CallAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync();
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(code);
        })).StatusCode);

    [Fact(Timeout = 20_000)]
    public async Task A_connection_that_breaks_is_Unavailable() =>
        Assert.Contains((await CallAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync();
            context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
        })).StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });

    private static async Task AnswerAsync(HttpContext context, byte[] body, string? status)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(body);
        if (status is not null) context.Response.AppendTrailer("grpc-status", status);
    }

    private static async Task<Status> CallAsync(RequestDelegate answer)
    {
        await using var server = await LocalServer.StartRawAsync(answer);
        return (await Assert.ThrowsAsync<RpcException>(() => server.Client.EmptyCallAsync(new Empty()).ResponseAsync)).Status;
    }
}
