namespace Migration.Cluster.Tests.Contract;

public sealed class DiscoveryContract(ContractCluster cluster)
{
    private readonly ApiConnection _api = cluster.Api;

    [Fact]
    public async Task Version_and_health_are_told()
    {
        Assert.Equal("1", (await _api.GetAsync("/version")).Expect(200).Text("major"));
        foreach (var path in (string[])["/healthz", "/livez", "/readyz"])
            Assert.Equal("ok", (await _api.GetAsync(path)).Expect(200).Body);
    }

    [Fact]
    public async Task Who_cannot_prove_an_identity_is_refused_with_a_status()
    {
        using var anonymous = cluster.Api.NewClient(true);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/pods");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer wrong");
        using var response = await anonymous.SendAsync(request);
        Assert.Equal(401, (int)response.StatusCode);
        Assert.Contains("\"reason\":\"Unauthorized\"", (await response.Content.ReadAsStringAsync()).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_discovery_lists_versions_groups_and_resources()
    {
        Assert.Contains("v1", (await _api.GetAsync("/api")).Expect(200).Find("versions")!.AsArray().Select(v => (string?)v));
        var groups = (await _api.GetAsync("/apis")).Expect(200).Find("groups")!.AsArray();
        Assert.Contains("contract.example.com", groups.Select(g => (string?)g!["name"]));
        Assert.Equal("contract.example.com/v1", (await _api.GetAsync("/apis/contract.example.com")).Expect(200).Text("preferredVersion", "groupVersion"));
        var resources = (await _api.GetAsync("/apis/contract.example.com/v1")).Expect(200).Find("resources")!.AsArray();
        Assert.Equal(["gadgets", "gadgets/scale", "gadgets/status"], resources.Select(r => (string?)r!["name"]).Order(StringComparer.Ordinal));
        Assert.Equal("gdt", (string?)resources.Single(r => (string?)r!["name"] == "gadgets")!["shortNames"]![0]);
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v2beta1")]
    public async Task Aggregated_discovery_holds_every_resource_in_one_document(string version)
    {
        var accept = $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList";
        var answer = (await _api.GetAsync("/apis", accept)).Expect(200);
        if (answer.Text("kind") == "APIGroupList" && !cluster.IsEmbedded)
            return; // An API server may have given up the beta.
        Assert.Equal("APIGroupDiscoveryList", answer.Text("kind"));
        Assert.Equal($"apidiscovery.k8s.io/{version}", answer.Text("apiVersion"));
        var group = answer.Find("items")!.AsArray().Single(g => (string?)g!["metadata"]!["name"] == "contract.example.com")!;
        var gadgets = group["versions"]![0]!["resources"]!.AsArray().Single(r => (string?)r!["resource"] == "gadgets")!;
        Assert.Equal("Gadget", (string?)gadgets["responseKind"]!["kind"]);
        Assert.Equal(["scale", "status"], gadgets["subresources"]!.AsArray().Select(s => (string?)s!["subresource"]).Order(StringComparer.Ordinal));
        Assert.Equal("APIGroupDiscoveryList", (await _api.GetAsync("/api", accept)).Text("kind"));
    }

    [Theory]
    [InlineData("/apis/nowhere.example.com/v1/things")]
    [InlineData("/api/v1/nothings")]
    [InlineData("/api/v2/pods")]
    public async Task What_is_not_served_is_not_found(string path) => Assert.Equal(404, (await _api.GetAsync(path)).Code);

    [Fact]
    public async Task Methods_that_make_no_sense_are_not_allowed()
    {
        (await _api.PostAsync("/api/v1/pods", "{}")).Expect(405);
        (await _api.PutAsync("/api/v1/namespaces/default/configmaps", "{}")).Expect(405);
    }

    [Fact]
    public async Task OpenApi_v3_describes_the_kinds_of_each_version()
    {
        var index = (await _api.GetAsync("/openapi/v3")).Expect(200);
        foreach (var version in (string[])["api/v1", "apis/contract.example.com/v1"])
        {
            var document = (await _api.GetAsync(index.Text("paths", version, "serverRelativeURL"))).Expect(200);
            Assert.StartsWith("3.", document.Text("openapi"), StringComparison.Ordinal);
            Assert.NotEmpty(document.Find("components", "schemas")!.AsObject());
        }
    }

    [Fact]
    public async Task OpenApi_v2_is_there_as_json_and_as_protobuf()
    {
        Assert.Equal("2.0", (await _api.GetAsync("/openapi/v2", "application/json")).Expect(200).Text("swagger"));
        var protobuf = (await _api.GetAsync("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")).Expect(200);
        Assert.StartsWith("\n\x03" + "2.0", protobuf.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_forms_that_can_be_written_are_promised() =>
        (await _api.GetAsync("/api/v1/namespaces/default", "image/png")).Expect(406);

    [Fact]
    public async Task Reviews_tell_who_one_is_and_what_one_may()
    {
        var may = await _api.PostAsync("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            """{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}""");
        Assert.Equal("true", may.Expect(201).Text("status", "allowed"));
        var who = await _api.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews",
            """{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""");
        Assert.Contains("system:authenticated", who.Expect(201).Find("status", "userInfo", "groups")!.AsArray().Select(g => (string?)g));
    }
}
