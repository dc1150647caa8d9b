using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Migration.Local.ApiServer;

namespace Migration.Cluster.Tests.Contract;

/// <summary>
/// An admission webhook on this machine's loopback, which a real API server under contract has to reach as well. It answers by a function of the
/// review's request and remembers what it was asked.
/// </summary>
public sealed class TestWebhook : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly CertificateAuthority _authority;
    private readonly IssuedCertificate _certificate;
    private readonly ConcurrentQueue<JsonNode> _asked = new();

    private TestWebhook(WebApplication web, CertificateAuthority authority, IssuedCertificate certificate)
    {
        _web = web;
        _authority = authority;
        _certificate = certificate;
    }

    /// <summary>The <c>request</c> of every review so far.</summary>
    public IReadOnlyList<JsonNode> Asked => [.. _asked];

    public string CaBundle => Convert.ToBase64String(Encoding.UTF8.GetBytes(_authority.CertificatePem));

    public int Port => new Uri(Address).Port;

    public string Url => Address + "/review";

    private string Address => _web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Starts one; the function gets a review's request and returns the response without its uid.</summary>
    public static async Task<TestWebhook> StartAsync(Func<JsonNode, JsonObject> answer, params string[] names)
    {
        var authority = CertificateAuthority.Create("webhook-tests", TimeProvider.System);
        var certificate = authority.Issue("webhook", null, [IPAddress.Loopback], names);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate.Certificate)));
        var hook = new TestWebhook(builder.Build(), authority, certificate);
        ((IApplicationBuilder)hook._web).Run(http => hook.AnswerAsync(http, answer));
        await hook._web.StartAsync();
        return hook;
    }

    public static JsonObject Allow() => new() { ["allowed"] = true };

    public static JsonObject Deny(int code, string reason, string message) => new()
    {
        ["allowed"] = false, ["status"] = new JsonObject { ["code"] = code, ["reason"] = reason, ["message"] = message },
    };

    public static JsonObject Patch(string operations) => new()
    {
        ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(operations)),
    };

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        _certificate.Dispose();
        _authority.Dispose();
    }

    private async Task AnswerAsync(HttpContext http, Func<JsonNode, JsonObject> answer)
    {
        using var reader = new StreamReader(http.Request.Body);
        var request = JsonNode.Parse(await reader.ReadToEndAsync())!["request"]!;
        _asked.Enqueue(request);
        var response = answer(request);
        response["uid"] = (string)request["uid"]!;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(
            new JsonObject { ["apiVersion"] = "admission.k8s.io/v1", ["kind"] = "AdmissionReview", ["response"] = response }.ToJsonString());
    }
}
