using System.Text.Json.Nodes;

namespace Migration.Cluster.Tests.Contract;

/// <summary>Admission webhooks are asked, and what they say counts.</summary>
public sealed class WebhookContract(ContractCluster cluster)
{
    private const string Validating = "validatingwebhookconfigurations";
    private const string Mutating = "mutatingwebhookconfigurations";
    private const string GadgetJson = """{"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"g"},"spec":{"size":"small"}}""";

    [Fact]
    public async Task A_review_says_who_wants_what()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "/configmaps");
        (await space.CreateConfigMapAsync("a", """{"k":"1"}""")).Expect(201);
        (await space.Api.PatchAsync(space.Core("configmaps/a"), "merge", """{"data":{"k":"2"}}""")).Expect(200);
        (await space.Api.DeleteAsync(space.Core("configmaps/a"))).Expect(200);

        var about = webhook.Asked.Where(r => (string)r["name"]! == "a").ToList();
        Assert.Equal(["CREATE", "UPDATE", "DELETE"], about.Select(r => (string)r["operation"]!));
        Assert.All(about, r => Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", r["kind"]!.ToJsonString()));
        Assert.All(about, r => Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", r["resource"]!.ToJsonString()));
        Assert.All(about, r => Assert.Equal(space.Name, (string)r["namespace"]!));
        Assert.All(about, r => Assert.NotEmpty((string)r["userInfo"]!["username"]!));
        Assert.Equal(("1", null), ((string)about[0]["object"]!["data"]!["k"]!, about[0]["oldObject"]));
        Assert.Equal(("2", "1"), ((string)about[1]["object"]!["data"]!["k"]!, (string)about[1]["oldObject"]!["data"]!["k"]!));
        Assert.Equal((null, "2"), (about[2]["object"], (string)about[2]["oldObject"]!["data"]!["k"]!));
        Assert.Equal(["CreateOptions", "UpdateOptions", "DeleteOptions"], about.Select(r => (string)r["options"]!["kind"]!));
    }

    [Fact]
    public async Task A_denial_is_passed_on_with_its_code_reason_and_message()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Deny(422, "Invalid", "spec.size: too big"));
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "contract.example.com/gadgets");
        (await space.CreateGadgetAsync("g"))
            .ExpectFailure(422, "Invalid", $"admission webhook \"a-{space.Name}.contract.example.com\" denied the request: spec.size: too big");
        (await space.Api.GetAsync(space.Gadgets("g"))).Expect(404);
        (await space.KubectlAsync("create -f -", GadgetJson))
            .Fails("denied the request: spec.size: too big");
    }

    [Fact]
    public async Task A_denial_without_words_is_a_refusal_all_the_same()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => new JsonObject { ["allowed"] = false });
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "/secrets");
        var refused = (await space.Api.PostAsync(space.Core("secrets"), """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}""")).Expect(400);
        Assert.EndsWith("denied the request without explanation", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patches_change_the_object_before_it_is_checked_and_stored()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(r => (string)r["operation"]! == "CREATE"
            ? TestWebhook.Patch("""[{"op":"add","path":"/metadata/labels","value":{"patched":"yes"}},{"op":"replace","path":"/spec/size","value":"large"}]""")
            : TestWebhook.Allow());
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Mutating, webhook, "contract.example.com/gadgets");
        var created = (await space.CreateGadgetAsync("g")).Expect(201);
        Assert.Equal(("yes", "large"), (created.Text("metadata", "labels", "patched"), created.Text("spec", "size")));
        Assert.Equal("large", (await space.Api.GetAsync(space.Gadgets("g"))).Text("spec", "size"));
    }

    [Fact]
    public async Task A_patch_to_something_invalid_is_refused()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Patch("""[{"op":"replace","path":"/spec/size","value":"gigantic"}]"""));
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Mutating, webhook, "contract.example.com/gadgets");
        (await space.CreateGadgetAsync("g")).ExpectFailure(422, "Invalid", "spec.size: Unsupported value: \"gigantic\"");
    }

    [Fact]
    public async Task Mutating_webhooks_see_what_those_before_them_did_and_may_look_again()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var first = await TestWebhook.StartAsync(_ => TestWebhook.Patch("""[{"op":"add","path":"/data/first","value":"1"}]"""));
        await using var second = await TestWebhook.StartAsync(_ => TestWebhook.Patch("""[{"op":"add","path":"/data/second","value":"2"}]"""));
        await using var one = await WebhookConfiguration.CreateAsync(space, Mutating, first, "/configmaps", """{"reinvocationPolicy":"IfNeeded"}""", "a");
        await using var two = await WebhookConfiguration.CreateAsync(space, Mutating, second, "/configmaps", "{}", "b");
        var created = (await space.CreateConfigMapAsync("a", """{"k":"1"}""")).Expect(201);
        Assert.Equal(("1", "2"), (created.Text("data", "first"), created.Text("data", "second")));
        Assert.Equal("1", (string)second.Asked[0]["object"]!["data"]!["first"]!);
        Assert.Equal(2, first.Asked.Count(r => (string)r["name"]! == "a"));
        Assert.Equal("2", (string)first.Asked[^1]["object"]!["data"]!["second"]!);
    }

    [Fact]
    public async Task Warnings_reach_the_client()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => new JsonObject { ["allowed"] = true, ["warnings"] = new JsonArray("sizes are going away") });
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "contract.example.com/gadgets");
        var created = await space.KubectlAsync("create -f -", GadgetJson);
        Assert.Contains("created", created.Ok(), StringComparison.Ordinal);
        Assert.Contains("Warning: sizes are going away", created.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Fail", 500)]
    [InlineData("Ignore", 201)]
    public async Task A_webhook_that_cannot_be_asked_fails_the_request_or_is_passed_over(string policy, int code)
    {
        await using var space = await cluster.NewSpaceAsync();
        var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "contract.example.com/gadgets", $$"""{"failurePolicy":"{{policy}}"}""");
        await webhook.DisposeAsync();
        var answer = (await space.CreateGadgetAsync("g")).Expect(code);
        if (code == 500)
            answer.ExpectFailure(500, "InternalError", $"Internal error occurred: failed calling webhook \"a-{space.Name}.contract.example.com\": failed to call webhook: Post");
    }

    [Fact]
    public async Task A_webhook_with_a_certificate_of_somebody_else_is_not_believed()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        await using var stranger = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "contract.example.com/gadgets",
            $$$"""{"clientConfig":{"url":"{{{webhook.Url}}}","caBundle":"{{{stranger.CaBundle}}}"}}""");
        (await space.CreateGadgetAsync("g")).ExpectFailure(500, "InternalError", "failed to call webhook");
        Assert.Empty(webhook.Asked);
    }

    [Fact]
    public async Task Selectors_operations_and_resources_say_which_requests_are_meant()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Deny(403, "Forbidden", "no"));
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "contract.example.com/gadgets", """
            {"objectSelector":{"matchExpressions":[{"key":"strict","operator":"In","values":["yes"]}]},
             "rules":[{"operations":["UPDATE"],"apiGroups":["contract.example.com"],"apiVersions":["v1"],"resources":["gadgets","gadgets/status"],"scope":"Namespaced"}]}
            """);
        (await space.CreateGadgetAsync("free")).Expect(201);
        (await space.Api.PatchAsync(space.Gadgets("free"), "merge", """{"spec":{"replicas":2}}""")).Expect(200);
        (await space.Api.PostAsync(space.Gadgets(), """
            {"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"strict","labels":{"strict":"yes"}},"spec":{"size":"small"}}
            """)).Expect(201);
        (await space.Api.PatchAsync(space.Gadgets("strict"), "merge", """{"metadata":{"labels":null}}""")).ExpectFailure(403, "Forbidden", "denied the request: no");
        (await space.Api.PatchAsync(space.Gadgets("strict/status"), "merge", """{"status":{"phase":"Ready"}}""")).ExpectFailure(403, "Forbidden", "denied the request: no");
        (await space.Api.DeleteAsync(space.Gadgets("strict"))).Expect(200);
        Assert.Equal(["", "status"], webhook.Asked.Select(r => (string?)r["subResource"] ?? "").Distinct());
    }

    [Fact]
    public async Task A_dry_run_is_told_to_webhooks_and_judged_by_them()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Deny(403, "Forbidden", "not even for trying"));
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "contract.example.com/gadgets");
        (await space.KubectlAsync("create --dry-run=server -f -", GadgetJson))
            .Fails("not even for trying");
        Assert.All(webhook.Asked, r => Assert.True((bool)r["dryRun"]!));
        Assert.NotEmpty(webhook.Asked);
    }

    [Fact]
    public async Task Another_version_of_the_same_object_is_converted_for_the_webhook()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Patch("""[{"op":"replace","path":"/spec/size","value":"large"}]"""));
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Mutating, webhook, "contract.example.com/gadgets");
        var created = (await space.Api.PostAsync($"/apis/contract.example.com/v1alpha1/namespaces/{space.Name}/gadgets",
            """{"apiVersion":"contract.example.com/v1alpha1","kind":"Gadget","metadata":{"name":"old"},"spec":{"size":"small"}}""")).Expect(201);
        Assert.Equal(("contract.example.com/v1alpha1", "large"), (created.Text("apiVersion"), created.Text("spec", "size")));
        var asked = Assert.Single(webhook.Asked, r => (string)r["name"]! == "old");
        Assert.Equal("contract.example.com/v1", (string)asked["object"]!["apiVersion"]!);
        Assert.Equal(("v1", "v1alpha1"), ((string)asked["kind"]!["version"]!, (string)asked["requestKind"]!["version"]!));
    }

    [Fact]
    public async Task A_configuration_that_cannot_work_is_refused_field_by_field()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        var body = WebhookConfiguration.Body(space, Validating, webhook, "/configmaps", """
            {"name":"short","sideEffects":"Some","timeoutSeconds":31,"admissionReviewVersions":["v1beta1"],"clientConfig":{"url":"http://example.com/"}}
            """, "bad");
        var refused = (await space.Api.PostAsync($"/apis/admissionregistration.k8s.io/v1/{Validating}", body)).ExpectFailure(422, "Invalid");
        foreach (var part in (string[])
        [
            "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots",
            "webhooks[0].sideEffects: Unsupported value: \"Some\"",
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
            "'https' is the only allowed URL scheme; desired format: https://host[/path]",
        ])
            Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_tells_its_defaults()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Mutating, webhook, "/configmaps");
        var hook = (await space.Api.GetAsync($"/apis/admissionregistration.k8s.io/v1/{Mutating}/a-{space.Name}")).Expect(200).Find("webhooks", "0")!;
        Assert.Equal(("Equivalent", "Fail", 10, "Never", "*"), ((string)hook["matchPolicy"]!, (string)hook["failurePolicy"]!, (int)hook["timeoutSeconds"]!,
            (string)hook["reinvocationPolicy"]!, (string)hook["rules"]![0]!["scope"]!));
        (await space.KubectlAsync($"get {Mutating} a-{space.Name}")).Says("WEBHOOKS");
    }

    [Theory]
    [InlineData("object.metadata.name.startsWith('web-')", "web-1", true)]
    [InlineData("object.metadata.name.startsWith('web-')", "db-1", false)]
    [InlineData("!(object.metadata.name == 'web-1') && request.operation in [\"CREATE\", 'UPDATE']", "web-2", true)]
    [InlineData("has(object.data.absent) || request.resource.resource != 'configmaps'", "web-1", false)]
    public async Task Conditions_keep_requests_away_from_a_webhook(string expression, string name, bool isAsked)
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Deny(403, "Forbidden", "no"));
        var conditions = new JsonObject { ["matchConditions"] = new JsonArray(new JsonObject { ["name"] = "c", ["expression"] = expression }) };
        await using var configuration = await WebhookConfiguration.CreateAsync(space, Validating, webhook, "/configmaps", conditions.ToJsonString());
        (await space.CreateConfigMapAsync(name)).Expect(isAsked ? 403 : 201);
    }

    [Fact]
    public async Task A_condition_that_is_no_expression_is_refused()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var webhook = await TestWebhook.StartAsync(_ => TestWebhook.Allow());
        var body = WebhookConfiguration.Body(space, Validating, webhook, "/configmaps", """{"matchConditions":[{"name":"c","expression":"object.metadata.name =="}]}""", "bad");
        (await space.Api.PostAsync($"/apis/admissionregistration.k8s.io/v1/{Validating}", body))
            .ExpectFailure(422, "Invalid", "webhooks[0].matchConditions[0].expression: Invalid value");
    }
}
