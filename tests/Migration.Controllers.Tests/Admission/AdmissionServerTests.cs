using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Controllers.Admission;

namespace Migration.Controllers.Tests.Admission;

/// <summary>The server as an API server meets it: by TLS, with reviews as they come and as they should not.</summary>
public sealed class AdmissionServerTests : IAsyncLifetime
{
    private const string Path = "/admit/virtualmachineinstances";
    private readonly WebhookKeys _keys = WebhookKeys.Make(["127.0.0.1"], TimeProvider.System.GetUtcNow());
    private readonly HttpClient _api;
    private X509Certificate2 _shown;
    private AdmissionServer? _server;

    public AdmissionServerTests()
    {
        _shown = _keys.Load();
        _api = Client(_keys);
    }

    public async ValueTask InitializeAsync() => _server = await AdmissionServer.StartAsync(
        new IPEndPoint(IPAddress.Loopback, 0),
        [
            AdmissionEndpoints.Validating(KubeVirt.Instances, Judge),
            AdmissionEndpoints.Mutating(KubeVirt.Instances, proposal => proposal.Object with { Spec = proposal.Object.Spec with { EvictionStrategy = "None" } }),
        ],
        () => _shown, NullLoggerFactory.Instance, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _api.Dispose();
        _shown.Dispose();
    }

    [Fact]
    public async Task What_no_rule_minds_is_allowed()
    {
        var response = await AskAsync(Path, Review("CREATE", """{"metadata":{"name":"good"},"spec":{"domain":{"devices":{}}}}"""));

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"uid":"u1","allowed":true}"""), response), response.ToJsonString());
    }

    [Fact]
    public async Task A_refusal_names_every_field_for_kubectl_to_print()
    {
        var response = await AskAsync(Path, Review("CREATE", """{"metadata":{"name":"bad"},"spec":{}}"""));

        Assert.False((bool)response["allowed"]!);
        var status = response["status"]!;
        Assert.Equal((422, "Invalid", "spec.a: is wrong; spec.b: is worse"), ((int)status["code"]!, (string)status["reason"]!, (string)status["message"]!));
        Assert.Equal(("kubevirt.io", "VirtualMachineInstance", "vm"), ((string)status["details"]!["group"]!, (string)status["details"]!["kind"]!, (string)status["details"]!["name"]!));
        Assert.Equal(["spec.a=is wrong", "spec.b=is worse"], status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}={cause["message"]}"));
    }

    [Fact]
    public async Task A_refusal_that_no_field_bears_keeps_its_code()
    {
        var status = (await AskAsync(Path, Review("CREATE", """{"metadata":{"name":"later"},"spec":{}}""")))["status"]!;

        Assert.Equal((429, "TooManyRequests", "not now"), ((int)status["code"]!, (string)status["reason"]!, (string)status["message"]!));
    }

    [Fact]
    public async Task Warnings_come_with_an_allowed_object()
    {
        var response = await AskAsync(Path, Review("CREATE", """{"metadata":{"name":"odd"},"spec":{}}"""));

        Assert.True((bool)response["allowed"]!);
        Assert.Equal("odd, that", (string)response["warnings"]![0]!);
    }

    [Fact]
    public async Task An_update_shows_the_rule_what_was_before()
    {
        var review = Review("UPDATE", """{"metadata":{"name":"vm","labels":{"a":"2"}},"spec":{}}""", """{"metadata":{"name":"vm","labels":{"a":"1"}},"spec":{}}""");

        Assert.Equal("1 became 2", (string)(await AskAsync(Path, review))["warnings"]![0]!);
    }

    [Fact]
    public async Task Defaults_are_a_patch_that_keeps_what_nobody_knows()
    {
        var given = """{"apiVersion":"kubevirt.io/v1alpha3","metadata":{"name":"vm","zone":"x"},"spec":{"domain":{"devices":{},"colour":"red"},"later":[1,{"a":null}]}}""";

        var response = await AskAsync("/default/virtualmachineinstances", Review("CREATE", given));

        Assert.Equal("JSONPatch", (string)response["patchType"]!);
        var patch = JsonNode.Parse(Convert.FromBase64String((string)response["patch"]!))!.AsArray();
        var change = Assert.Single(patch)!;
        Assert.Equal(("add", "/spec"), ((string)change["op"]!, (string)change["path"]!));
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse("""{"domain":{"devices":{},"colour":"red"},"later":[1,{"a":null}],"evictionStrategy":"None"}"""), change["value"]), change.ToJsonString());
    }

    [Fact]
    public async Task Nothing_is_patched_where_nothing_is_missing()
    {
        var response = await AskAsync("/default/virtualmachineinstances", Review("CREATE", """{"metadata":{"name":"vm"},"spec":{"evictionStrategy":"None"}}"""));

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"uid":"u1","allowed":true}"""), response), response.ToJsonString());
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "JSON")]
    [InlineData("null", "only admission.k8s.io/v1 AdmissionReview is understood")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"u"}}""", "admission.k8s.io/v1beta1 AdmissionReview: only admission.k8s.io/v1")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"Pod"}""", "admission.k8s.io/v1 Pod: only")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}""", "request.uid: required")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","resource":{"group":"","version":"v1","resource":"pods"}}}""", "CREATE of pods. is not asked at /admit/virtualmachineinstances")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"DELETE","resource":{"group":"kubevirt.io","version":"v1","resource":"virtualmachineinstances"}}}""", "DELETE of")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","subResource":"status","resource":{"group":"kubevirt.io","version":"v1","resource":"virtualmachineinstances"}}}""", "is not asked")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","resource":{"group":"kubevirt.io","version":"v1","resource":"virtualmachineinstances"}}}""", "request.object: required")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","resource":{"group":"kubevirt.io","version":"v1","resource":"virtualmachineinstances"},"object":{"spec":{"domain":"none"}}}}""", "$.spec.domain")]
    public async Task What_is_no_review_of_ours_is_a_bad_request_that_says_why(string body, string why)
    {
        var (code, text) = await PostAsync(Path, body);

        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Contains(why, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_paths_methods_and_types_are_refused()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/admit/pods", "{}")).Code);
        using var got = await _api.GetAsync(new Uri(_server!.Url, Path), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, got.StatusCode);
        using var form = new StringContent("{}", Encoding.UTF8, "text/plain");
        using var posted = await _api.PostAsync(new Uri(_server.Url, Path), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, posted.StatusCode);
    }

    [Fact]
    public async Task A_review_larger_than_any_object_is_refused()
    {
        using var content = new StringContent(Review("CREATE", $$$"""{"metadata":{"name":"{{{new string('x', 9 << 20)}}}"}}"""), Encoding.UTF8, "application/json");
        // Asking first leaves no half-sent body that the refusal would cut off.
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_server!.Url, Path)) { Content = content, Headers = { ExpectContinue = true } };
        using var answer = await _api.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_the_next_connection()
    {
        var renewed = WebhookKeys.Make(["127.0.0.1"], TimeProvider.System.GetUtcNow());
        using var trusting = Client(renewed);
        await Assert.ThrowsAsync<HttpRequestException>(() => trusting.GetAsync(new Uri(_server!.Url, "/healthz"), TestContext.Current.CancellationToken));

        _shown = renewed.Load();

        Assert.Equal("ok", await trusting.GetStringAsync(new Uri(_server!.Url, "/healthz"), TestContext.Current.CancellationToken));
    }

    private static Verdict Judge(Proposal<VirtualMachineInstance> proposal) => proposal switch
    {
        { Object.Metadata.Name: "bad" } => Verdict.Of(["spec.a: is wrong", "spec.b: is worse"]),
        { Object.Metadata.Name: "later" } => Verdict.Refused(HttpStatusCode.TooManyRequests, "not now"),
        { Object.Metadata.Name: "odd" } => Verdict.Allowed with { Warnings = ["odd, that"] },
        { IsUpdate: true, Before: { } before } => Verdict.Allowed with { Warnings = [$"{before.Metadata.Label("a")} became {proposal.Object.Metadata.Label("a")}"] },
        _ => Verdict.Allowed,
    };

    private static string Review(string operation, string json, string? before = null) => $$$$"""
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","operation":"{{{{operation}}}}","name":"vm","namespace":"default",
         "kind":{"group":"kubevirt.io","version":"v1","kind":"VirtualMachineInstance"},"resource":{"group":"kubevirt.io","version":"v1","resource":"virtualmachineinstances"},
         "userInfo":{"username":"eve"},"object":{{{{json}}}},"oldObject":{{{{before ?? "null"}}}},"dryRun":false,"options":{"kind":"CreateOptions"}}}
        """;

    // Trusts what the API server is told to trust, and checks the name it calls.
    private static HttpClient Client(WebhookKeys keys)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, Expect100ContinueTimeout = TimeSpan.FromMinutes(1) };
        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPem(keys.Authorities);
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
        return new HttpClient(handler);
    }

    private async Task<JsonObject> AskAsync(string path, string review)
    {
        var (code, text) = await PostAsync(path, review);
        Assert.True(code == HttpStatusCode.OK, text);
        var answer = JsonNode.Parse(text)!;
        Assert.Equal(("admission.k8s.io/v1", "AdmissionReview"), ((string)answer["apiVersion"]!, (string)answer["kind"]!));
        return (JsonObject)answer["response"]!;
    }

    private async Task<(HttpStatusCode Code, string Text)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _api.PostAsync(new Uri(_server!.Url, path), content, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
