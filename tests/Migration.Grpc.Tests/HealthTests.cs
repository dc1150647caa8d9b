using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Migration.Grpc.Tests;

public sealed class HealthTests
{
    [Fact(Timeout = 20_000)]
    public async Task Health_is_what_the_application_says()
    {
        var health = new HealthServiceImpl();
        health.SetStatus("", ServingStatus.Serving);
        await using var server = await LocalServer.StartAsync(health);
        var client = new Health.HealthClient(server.Channel);
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest())).Status);
        var unknown = await Assert.ThrowsAsync<RpcException>(() => client.CheckAsync(new HealthCheckRequest { Service = "nobody" }).ResponseAsync);
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
        health.SetStatus("", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest())).Status);
        Assert.Equal("", Assert.Single((await client.ListAsync(new HealthListRequest())).Statuses).Key);
        health.ClearAll();
        Assert.Empty((await client.ListAsync(new HealthListRequest())).Statuses);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_watcher_hears_the_status_now_and_each_change()
    {
        var health = new HealthServiceImpl();
        await using var server = await LocalServer.StartAsync(health);
        using var call = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest { Service = "machines" });
        await ExpectAsync(call.ResponseStream, ServingStatus.ServiceUnknown);
        health.SetStatus("machines", ServingStatus.NotServing);
        await ExpectAsync(call.ResponseStream, ServingStatus.NotServing);
        health.SetStatus("other", ServingStatus.Serving);
        health.SetStatus("machines", ServingStatus.NotServing);
        health.SetStatus("machines", ServingStatus.Serving);
        await ExpectAsync(call.ResponseStream, ServingStatus.Serving);
        health.ClearStatus("machines");
        await ExpectAsync(call.ResponseStream, ServingStatus.ServiceUnknown);
    }

    private static async Task ExpectAsync(IAsyncStreamReader<HealthCheckResponse> stream, ServingStatus status)
    {
        Assert.True(await stream.MoveNext());
        Assert.Equal(status, stream.Current.Status);
    }
}
