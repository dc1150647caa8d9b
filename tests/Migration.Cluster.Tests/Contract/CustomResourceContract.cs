namespace Migration.Cluster.Tests.Contract;

public sealed class CustomResourceContract(ContractCluster cluster)
{
    [Theory]
    [InlineData("""{}""", "spec.size: Required value")]
    [InlineData("""{"size":"huge"}""", "spec.size: Unsupported value: \"huge\": supported values: \"small\", \"large\"")]
    [InlineData("""{"size":"small","replicas":11}""", "spec.replicas in body should be less than or equal to 10")]
    [InlineData("""{"size":"small","replicas":-1}""", "spec.replicas in body should be greater than or equal to 0")]
    [InlineData("""{"size":"small","replicas":"two"}""", "spec.replicas in body must be of type integer")]
    [InlineData("""{"size":"small","code":"AB"}""", "spec.code in body should match '^[a-z]+$'")]
    [InlineData("""{"size":"small","code":"abcdef"}""", "spec.code: Too long: may not be more than 5 bytes")]
    [InlineData("""{"size":"small","port":true}""", "spec.port")]
    [InlineData("""{"size":"small","tags":["a","a"]}""", "spec.tags[1]: Duplicate value: \"a\"")]
    [InlineData("""{"size":"small","parts":[{"name":"a"},{"name":"a"}]}""", "spec.parts[1]: Duplicate value")]
    [InlineData("""{"size":"small","parts":[{"count":1}]}""", "spec.parts[0].name: Required value")]
    [InlineData("""{"size":"small","labels":{"a":1}}""", "spec.labels.a in body must be of type string")]
    public async Task Objects_that_break_the_schema_are_invalid(string spec, string message)
    {
        await using var space = await cluster.NewSpaceAsync();
        var refused = (await space.CreateGadgetAsync("g", spec)).ExpectFailure(422, "Invalid", "Gadget.contract.example.com \"g\" is invalid: ");
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(refused.Find("details", "causes")!.AsArray());
    }

    [Fact]
    public async Task Values_are_defaulted_and_unknown_ones_pruned()
    {
        await using var space = await cluster.NewSpaceAsync();
        var made = (await space.CreateGadgetAsync("g",
            """{"size":"small","port":"http","note":null,"unknown":1,"parts":[{"name":"a","unknown":2}],"anything":{"kept":[{"as":"it is"}]}}""")).Expect(201);
        PatchContract.Same("""
            {"size":"small","port":"http","note":null,"replicas":1,"parts":[{"name":"a","count":1}],"anything":{"kept":[{"as":"it is"}]}}
            """, made.Find("spec"));
        Assert.Contains(made.Warnings, w => w.Contains("unknown field \\\"spec.parts[0].unknown\\\"", StringComparison.Ordinal));
        (await space.Api.PostAsync(space.Gadgets("?fieldValidation=Strict"), """
            {"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"h"},"spec":{"size":"small","unknown":1}}
            """)).ExpectFailure(400, "BadRequest", "strict decoding error: unknown field \"spec.unknown\"");
    }

    [Fact]
    public async Task Status_and_spec_have_their_own_doors_and_generations_count_wishes()
    {
        await using var space = await cluster.NewSpaceAsync();
        var created = (await space.Api.PostAsync(space.Gadgets(), """
            {"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"g"},"spec":{"size":"small"},"status":{"phase":"Faked"}}
            """)).Expect(201);
        Assert.Equal(("", "1"), (created.Text("status", "phase"), created.Text("metadata", "generation")));

        var status = (await space.Api.PatchAsync(space.Gadgets("g/status"), "merge", """{"metadata":{"labels":{"x":"y"}},"spec":{"size":"large"},"status":{"phase":"Up"}}""")).Expect(200);
        Assert.Equal(("Up", "small", "", "1"), (status.Text("status", "phase"), status.Text("spec", "size"), status.Text("metadata", "labels", "x"), status.Text("metadata", "generation")));

        var spec = (await space.Api.PatchAsync(space.Gadgets("g"), "merge", """{"spec":{"size":"large"},"status":{"phase":"Down"}}""")).Expect(200);
        Assert.Equal(("Up", "large", "2"), (spec.Text("status", "phase"), spec.Text("spec", "size"), spec.Text("metadata", "generation")));
        Assert.Equal("2", (await space.Api.PatchAsync(space.Gadgets("g"), "merge", """{"metadata":{"labels":{"x":"y"}}}""")).Expect(200).Text("metadata", "generation"));
    }

    [Fact]
    public async Task Scale_is_a_view_of_the_object()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g", """{"size":"small","replicas":2}""");
        (await space.Api.PatchAsync(space.Gadgets("g/status"), "merge", """{"status":{"replicas":1,"selector":"app=g"}}""")).Expect(200);
        var scale = (await space.Api.GetAsync(space.Gadgets("g/scale"))).Expect(200);
        Assert.Equal(("Scale", "autoscaling/v1", "2", "1", "app=g"),
            (scale.Text("kind"), scale.Text("apiVersion"), scale.Text("spec", "replicas"), scale.Text("status", "replicas"), scale.Text("status", "selector")));
        Assert.Equal("5", (await space.Api.PutAsync(space.Gadgets("g/scale"), scale.Body.Replace("\"replicas\":2", "\"replicas\":5", StringComparison.Ordinal))).Expect(200).Text("spec", "replicas"));
        Assert.Equal("7", (await space.Api.PatchAsync(space.Gadgets("g/scale"), "merge", """{"spec":{"replicas":7}}""")).Expect(200).Text("spec", "replicas"));
        Assert.Equal("7", (await space.Api.GetAsync(space.Gadgets("g"))).Text("spec", "replicas"));
        (await space.Api.PatchAsync(space.Gadgets("g/scale"), "merge", """{"spec":{"replicas":70}}""")).Expect(422);
    }

    [Fact]
    public async Task Every_served_version_shows_the_same_object()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g");
        var path = $"/apis/contract.example.com/v1alpha1/namespaces/{space.Name}/gadgets/g";
        var other = (await space.Api.GetAsync(path)).Expect(200);
        Assert.Equal(("contract.example.com/v1alpha1", "small"), (other.Text("apiVersion"), other.Text("spec", "size")));
        (await space.Api.PatchAsync(path, "merge", """{"spec":{"size":"large"}}""")).Expect(200);
        Assert.Equal("large", (await space.Api.GetAsync(space.Gadgets("g"))).Text("spec", "size"));
    }

    [Fact]
    public async Task A_definition_is_served_as_soon_as_it_is_established_and_takes_its_objects_with_it()
    {
        await using var space = await cluster.NewSpaceAsync();
        var group = $"{space.Name}.example.com";
        var definition = $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.{{{group}}}"},
             "spec":{"group":"{{{group}}}","scope":"Cluster","names":{"plural":"things","kind":"Thing"},
              "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }]}}
            """;
        (await space.Api.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)).Expect(201);
        var path = $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{group}";
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(path)).Find("status", "conditions")?.AsArray()
            .Any(c => (string?)c!["type"] == "Established" && (string?)c["status"] == "True") == true, "the definition is established");
        var things = $"/apis/{group}/v1/things";
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(things)).Code == 200, "things are served");
        (await space.Api.PostAsync(things, $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Thing","metadata":{"name":"t"},"free":{"form":true}}""")).Expect(201);
        (await space.Api.DeleteAsync(path)).Expect(200);
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(path)).Code == 404 && (await space.Api.GetAsync(things)).Code == 404, "definition and things are gone");
    }

    [Theory]
    [InlineData("\"name\":\"wrong.example.com\"", "metadata.name")]
    [InlineData("\"scope\":\"Galaxy\"", "spec.scope")]
    [InlineData("\"storage\":false", "storage version")]
    public async Task Definitions_that_cannot_be_are_invalid(string instead, string message)
    {
        var name = instead.Split(':')[0];
        var definition = System.Text.RegularExpressions.Regex.Replace("""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x.refused.example.com"},
             "spec":{"group":"refused.example.com","scope":"Cluster","names":{"plural":"x","kind":"X"},
              "versions":[{"storage":true,"served":true,"name":"v1","schema":{"openAPIV3Schema":{"type":"object"}}}]}}
            """, $"(?<=[{{,]){name}:(\"[^\"]*\"|true)", instead, System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
        (await cluster.Api.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All", definition)).ExpectFailure(422, "Invalid", message);
    }
}
