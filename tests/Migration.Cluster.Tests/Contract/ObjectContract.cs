namespace Migration.Cluster.Tests.Contract;

public sealed class ObjectContract(ContractCluster cluster)
{
    [Fact]
    public async Task An_object_is_created_read_replaced_and_deleted()
    {
        await using var space = await cluster.NewSpaceAsync();
        var created = (await space.CreateConfigMapAsync("a", """{"k":"1"}""")).Expect(201);
        Assert.NotEmpty(created.Text("metadata", "uid"));
        Assert.NotEmpty(created.Text("metadata", "creationTimestamp"));
        var path = space.Core("configmaps/a");
        Assert.Equal(created.Version, (await space.Api.GetAsync(path)).Expect(200).Version);

        var replaced = (await space.Api.PutAsync(path, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"2"}}""")).Expect(200);
        Assert.Equal("2", replaced.Text("data", "k"));
        Assert.Equal(created.Text("metadata", "uid"), replaced.Text("metadata", "uid"));
        Assert.NotEqual(created.Version, replaced.Version);

        Assert.Equal("Success", (await space.Api.DeleteAsync(path)).Expect(200).Text("status"));
        (await space.Api.GetAsync(path)).ExpectFailure(404, "NotFound", "configmaps \"a\" not found");
    }

    [Fact]
    public async Task A_write_that_changes_nothing_is_no_change()
    {
        await using var space = await cluster.NewSpaceAsync();
        var created = await space.CreateConfigMapAsync("a", """{"k":"1"}""");
        Assert.Equal(created.Version, (await space.Api.PutAsync(space.Core("configmaps/a"), created.Body)).Expect(200).Version);
    }

    [Fact]
    public async Task Writers_that_saw_an_old_state_are_refused()
    {
        await using var space = await cluster.NewSpaceAsync();
        var old = await space.CreateConfigMapAsync("a", """{"k":"1"}""");
        (await space.Api.PatchAsync(space.Core("configmaps/a"), "merge", """{"data":{"k":"2"}}""")).Expect(200);
        (await space.Api.PutAsync(space.Core("configmaps/a"), old.Body.Replace("\"1\"", "\"3\"", StringComparison.Ordinal)))
            .ExpectFailure(409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again");
    }

    [Fact]
    public async Task A_name_is_taken_once()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreateConfigMapAsync("a")).Expect(201);
        (await space.CreateConfigMapAsync("a")).ExpectFailure(409, "AlreadyExists", "configmaps \"a\" already exists");
    }

    [Fact]
    public async Task Names_are_made_from_prefixes()
    {
        await using var space = await cluster.NewSpaceAsync();
        var names = new HashSet<string>();
        for (var i = 0; i < 20; i++)
            names.Add((await space.Api.PostAsync(space.Core("configmaps"), """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"web-"}}""")).Expect(201).Text("metadata", "name"));
        Assert.Equal(20, names.Count);
        Assert.All(names, n => Assert.Matches("^web-[a-z0-9]{5}$", n));
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"No_Good"}}""", 422, "a lowercase RFC 1123 subdomain must consist of")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}""", 422, "name or generateName is required")]
    [InlineData("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}""", 400, "Secret")]
    [InlineData("""{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"a"}}""", 400, "v2")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"elsewhere"}}""", 400, "does not match the namespace")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"x":"no good"}}}""", 422, "metadata.labels")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":1}}""", 400, "cannot be handled as a ConfigMap")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"}}""", 400, "resourceVersion should not be set on objects to be created")]
    public async Task Objects_that_cannot_be_are_refused(string body, int code, string message)
    {
        await using var space = await cluster.NewSpaceAsync();
        Assert.Contains(message, (await space.Api.PostAsync(space.Core("configmaps"), body)).Expect(code).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_namespace_must_be_there()
    {
        (await cluster.Api.PostAsync("/api/v1/namespaces/not-there/configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"""))
            .ExpectFailure(404, "NotFound", "namespaces \"not-there\" not found");
    }

    [Fact]
    public async Task Unknown_fields_are_dropped_warned_of_or_refused()
    {
        await using var space = await cluster.NewSpaceAsync();
        const string body = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"dta":{"k":"1"}}""";
        var path = space.Core("configmaps") + "?dryRun=All&fieldValidation=";
        Assert.Empty((await space.Api.PostAsync(path + "Ignore", body)).Expect(201).Warnings);
        Assert.Contains("unknown field \\\"dta\\\"", Assert.Single((await space.Api.PostAsync(path + "Warn", body)).Expect(201).Warnings), StringComparison.Ordinal);
        (await space.Api.PostAsync(path + "Strict", body)).ExpectFailure(400, "BadRequest", "strict decoding error: unknown field \"dta\"");
    }

    [Fact]
    public async Task Duplicate_fields_are_told()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.Api.PostAsync(space.Core("configmaps") + "?fieldValidation=Strict",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1"},"data":{"k":"2"}}""")).ExpectFailure(400, "BadRequest", "duplicate field \"data\"");
    }

    [Fact]
    public async Task A_dry_run_answers_as_if_and_leaves_nothing()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.Api.PostAsync(space.Core("configmaps") + "?dryRun=All", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""")).Expect(201);
        (await space.Api.GetAsync(space.Core("configmaps/a"))).Expect(404);
        var created = await space.CreateConfigMapAsync("a", """{"k":"1"}""");
        Assert.Equal("2", (await space.Api.PatchAsync(space.Core("configmaps/a") + "?dryRun=All", "merge", """{"data":{"k":"2"}}""")).Expect(200).Text("data", "k"));
        (await space.Api.DeleteAsync(space.Core("configmaps/a") + "?dryRun=All")).Expect(200);
        Assert.Equal(created.Version, (await space.Api.GetAsync(space.Core("configmaps/a"))).Expect(200).Version);
        (await space.Api.PostAsync(space.Core("configmaps") + "?dryRun=Some", "{}")).Expect(400);
    }

    [Fact]
    public async Task Secrets_keep_plain_texts_encoded()
    {
        await using var space = await cluster.NewSpaceAsync();
        var secret = await space.Api.PostAsync(space.Core("secrets"), """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"password":"x"}}""");
        Assert.Equal("eA==", secret.Expect(201).Text("data", "password"));
        Assert.Equal("Opaque", secret.Text("type"));
        Assert.Null(secret.Find("stringData"));
    }

    [Fact]
    public async Task Events_are_the_same_objects_in_both_apis()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.Api.PostAsync(space.Core("events"), $$"""
            {"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"{{space.Name}}"},"involvedObject":{"kind":"Pod","name":"p","namespace":"{{space.Name}}"},
             "reason":"Started","message":"it runs","type":"Normal","count":3}
            """)).Expect(201);
        var other = (await space.Api.GetAsync($"/apis/events.k8s.io/v1/namespaces/{space.Name}/events/e")).Expect(200);
        Assert.Equal(("p", "it runs", "3"), (other.Text("regarding", "name"), other.Text("note"), other.Text("deprecatedCount")));
        foreach (var (selector, count) in ((string, int)[])[("involvedObject.name=p", 1), ("involvedObject.name=q", 0), ("reason=Started,type!=Warning", 1)])
            Assert.Equal(count, (await space.Api.GetAsync(space.Core("events?fieldSelector=") + Uri.EscapeDataString(selector))).Find("items")!.AsArray().Count);
    }

    [Theory]
    [InlineData("""{"spec":{"nodeName":"elsewhere"}}""")]
    [InlineData("""{"spec":{"restartPolicy":"Never"}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"other","image":"x"}]}}""")]
    public async Task Little_of_a_pod_can_be_changed(string patch)
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p");
        (await space.Api.PatchAsync(space.Core("pods/p"), "merge", patch)).ExpectFailure(422, "Invalid", "Pod \"p\" is invalid: spec: Forbidden: pod updates may not change fields");
    }

    [Fact]
    public async Task Every_namespace_has_a_service_account_that_can_be_given_a_token()
    {
        await using var space = await cluster.NewSpaceAsync();
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(space.Core("serviceaccounts/default"))).Code == 200, "the service account is there");
        var token = (await space.Api.PostAsync(space.Core("serviceaccounts/default/token"), """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""")).Expect(201);
        using var client = space.Api.NewClient(true);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        {
            Content = new StringContent("""{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token.Text("status", "token"));
        using var response = await client.SendAsync(request);
        Assert.Contains($"system:serviceaccount:{space.Name}:default", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leases_are_held_by_one()
    {
        await using var space = await cluster.NewSpaceAsync();
        var path = $"/apis/coordination.k8s.io/v1/namespaces/{space.Name}/leases";
        var lease = (await space.Api.PostAsync(path, """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"a","leaseDurationSeconds":15,"renewTime":"2026-01-01T00:00:00.000000Z"}}
            """)).Expect(201);
        var (first, second) = (lease.Body.Replace("\"a\"", "\"b\"", StringComparison.Ordinal), lease.Body.Replace("\"a\"", "\"c\"", StringComparison.Ordinal));
        (await space.Api.PutAsync(path + "/l", first)).Expect(200);
        (await space.Api.PutAsync(path + "/l", second)).ExpectFailure(409, "Conflict");
    }
}
