namespace Migration.Cluster.Tests.Contract;

/// <summary>What people type, through the real kubectl.</summary>
public sealed class KubectlContract(ContractCluster cluster)
{
    private const string GadgetYaml = """
        apiVersion: contract.example.com/v1
        kind: Gadget
        metadata: {name: g, labels: {app: web}}
        spec: {size: small, replicas: 2}
        """;

    private const string PodYaml = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p, labels: {app: web}}
        spec:
          schedulerName: nobody
          containers:
          - {name: main, image: 'busybox:1', ports: [{containerPort: 80}], resources: {limits: {cpu: 100m, memory: 64Mi}}}
        """;

    [Fact]
    public async Task Apply_creates_configures_and_leaves_alone()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("apply -f -", GadgetYaml)).Says("gadget.contract.example.com/g created");
        (await space.KubectlAsync("apply -f -", GadgetYaml)).Says("gadget.contract.example.com/g unchanged");
        (await space.KubectlAsync("apply -f -", GadgetYaml.Replace("replicas: 2", "code: abc", StringComparison.Ordinal))).Says("gadget.contract.example.com/g configured");
        (await space.KubectlAsync("get gadget g -o jsonpath={.spec}")).Says("\"replicas\":1");
        (await space.KubectlAsync("apply -f -", PodYaml)).Says("pod/p created");
        (await space.KubectlAsync("apply -f -", PodYaml.Replace("busybox:1", "busybox:2", StringComparison.Ordinal))).Says("pod/p configured");
        (await space.KubectlAsync("diff -f -", PodYaml.Replace("busybox:1", "busybox:2", StringComparison.Ordinal))).Ok();
    }

    [Fact]
    public async Task Apply_on_the_servers_side_reports_conflicts_and_takes_over_by_force()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("apply --server-side -f -", GadgetYaml)).Says("gadget.contract.example.com/g serverside-applied");
        (await space.KubectlAsync("patch gadget g --type merge -p {\"spec\":{\"replicas\":3}}")).Says("patched");
        (await space.KubectlAsync("apply --server-side -f -", GadgetYaml)).Fails("Apply failed with 1 conflict");
        (await space.KubectlAsync("apply --server-side --force-conflicts -f -", GadgetYaml)).Says("serverside-applied");
        (await space.KubectlAsync("get gadget g -o jsonpath={.spec.replicas}")).Says("2");
    }

    [Theory]
    [InlineData("get gadgets", "NAME   SIZE    REPLICAS   READY   AGE")]
    [InlineData("get gdt -o wide", "PHASE")]
    [InlineData("get gadget g -o name", "gadget.contract.example.com/g")]
    [InlineData("get gadget/g -o json", "\"kind\": \"Gadget\"")]
    [InlineData("get gadgets -o yaml", "kind: List")]
    [InlineData("get gadgets -o jsonpath={.items[*].spec.size}", "small")]
    [InlineData("get gadgets -o custom-columns=N:.metadata.name,S:.spec.size", "g     small")]
    [InlineData("get gadgets -l app=web --show-labels", "app=web")]
    [InlineData("get gadgets -l app!=web -o name", "")]
    [InlineData("get gadgets --field-selector metadata.name=g --no-headers", "small")]
    [InlineData("get contract", "small")]
    [InlineData("get gadgets -A --chunk-size=1 -o name", "gadget.contract.example.com/g")]
    [InlineData("describe gadget g", "Size:      small")]
    [InlineData("explain gadget.spec.size", "How big it is.")]
    [InlineData("explain pod.spec.containers --recursive", "imagePullPolicy")]
    [InlineData("api-resources --api-group=contract.example.com -o wide", "gdt")]
    [InlineData("api-versions", "contract.example.com/v1alpha1")]
    [InlineData("label gadget g tier=front", "labeled")]
    [InlineData("annotate gadget g note=hello", "annotated")]
    [InlineData("scale gadget g --replicas=4", "scaled")]
    [InlineData("patch gadget g --type json -p [{\"op\":\"remove\",\"path\":\"/spec/replicas\"}]", "patched")]
    [InlineData("patch gadget g --type merge -p {\"spec\":{\"size\":\"large\"}} --dry-run=server", "gadget.contract.example.com/g patched")]
    [InlineData("wait gadget g --for=condition=Ready --timeout=20s", "condition met")]
    [InlineData("delete gadget g --dry-run=server", "deleted (server dry run)")]
    [InlineData("delete gadgets --all", "\"g\" deleted")]
    [InlineData("auth can-i create gadgets", "yes")]
    [InlineData("version", "Server Version")]
    public async Task A_gadget_can_be_handled(string line, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("apply -f -", GadgetYaml)).Ok();
        (await space.Api.PatchAsync(space.Gadgets("g/status"), "merge", """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""")).Expect(200);
        (await space.KubectlAsync(line)).Says(expected);
    }

    [Theory]
    [InlineData("get pods", "p      0/1     Pending   0")]
    [InlineData("get pods -o wide", "READINESS GATES")]
    [InlineData("describe pod p", "Image:      busybox:1")]
    [InlineData("patch pod p -p {\"metadata\":{\"labels\":{\"x\":\"y\"}}}", "pod/p patched")]
    [InlineData("patch pod p -p {\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"other:1\"}]}}", "pod/p patched")]
    [InlineData("set image pod/p main=other:2", "image updated")]
    [InlineData("get pods --field-selector status.phase=Pending -o name", "pod/p")]
    [InlineData("delete pod p --wait=true --timeout=20s", "\"p\" deleted")]
    [InlineData("delete pod p --now", "\"p\" deleted")]
    [InlineData("get all", "pod/p")]
    [InlineData("get events", "")]
    [InlineData("replace --force -f {file}", "replaced")]
    [InlineData("apply view-last-applied pod p", "schedulerName")]
    public async Task A_pod_can_be_handled(string line, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, PodYaml);
            (await space.KubectlAsync("apply -f " + file)).Ok();
            (await space.KubectlAsync(line.Replace("{file}", file, StringComparison.Ordinal))).Says(expected);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("create configmap c --from-literal=a=b", "configmap/c created")]
    [InlineData("create secret generic s --from-literal=a=b", "secret/s created")]
    [InlineData("create serviceaccount robot", "serviceaccount/robot created")]
    [InlineData("create service clusterip web --tcp=80:8080", "service/web created")]
    [InlineData("create role reader --verb=get --resource=pods", "role.rbac.authorization.k8s.io/reader created")]
    [InlineData("create configmap c --from-literal=a=b --dry-run=server -o yaml", "a: b")]
    [InlineData("run web --image=busybox:1 --overrides={\"spec\":{\"schedulerName\":\"nobody\"}}", "pod/web created")]
    public async Task Things_are_created_by_command(string line, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync(line)).Says(expected);
    }

    [Theory]
    [InlineData("get pod nobody", "Error from server (NotFound): pods \"nobody\" not found")]
    [InlineData("get gadget nobody", "Error from server (NotFound): gadgets.contract.example.com \"nobody\" not found")]
    [InlineData("get nothings", "the server doesn't have a resource type \"nothings\"")]
    [InlineData("delete configmap nobody", "Error from server (NotFound): configmaps \"nobody\" not found")]
    [InlineData("get pods -l a=b=c", "unable to parse requirement")]
    [InlineData("get pods --field-selector spec.hostname=x", "field label not supported: spec.hostname")]
    [InlineData("create -f - << {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[]}}", "The Pod \"p\" is invalid: spec.containers: Required value")]
    [InlineData("create -f - << {\"apiVersion\":\"contract.example.com/v1\",\"kind\":\"Gadget\",\"metadata\":{\"name\":\"g\"},\"spec\":{\"size\":\"huge\"}}",
        "The Gadget \"g\" is invalid: spec.size: Unsupported value: \"huge\": supported values: \"small\", \"large\"")]
    [InlineData("apply -f - << {\"apiVersion\":\"contract.example.com/v1\",\"kind\":\"Gadget\",\"metadata\":{\"name\":\"g\"},\"spec\":{\"size\":\"small\",\"sise\":1}}", "unknown field \"")]
    [InlineData("apply -f - << {\"apiVersion\":\"contract.example.com/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"g\"}}", "no matches for kind \"Widget\" in version \"contract.example.com/v1\"")]
    [InlineData("apply -f - << {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\",\"imge\":1}]}}", "unknown field \"")]
    [InlineData("patch configmap nobody -p {\"data\":{}}", "Error from server (NotFound): configmaps \"nobody\" not found")]
    public async Task Errors_read_as_they_do_in_kubernetes(string line, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        var parts = line.Split(" << ");
        (await space.KubectlAsync(parts[0], parts.ElementAtOrDefault(1))).Fails(expected);
    }

    [Fact]
    public async Task Edit_saves_what_the_editor_wrote()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("apply -f -", GadgetYaml)).Ok();
        (await space.KubectlAsync(["edit", "gadget", "g"], null, new Dictionary<string, string> { ["KUBE_EDITOR"] = "sed -i s/small/large/" })).Says("edited");
        (await space.KubectlAsync("get gadget g -o jsonpath={.spec.size}")).Says("large");
        (await space.KubectlAsync("apply -f -", PodYaml)).Ok();
        (await space.KubectlAsync(["edit", "pod", "p"], null, new Dictionary<string, string> { ["KUBE_EDITOR"] = "sed -i s/app:.web/app:\\ db/" })).Says("edited");
        (await space.KubectlAsync("get pod p -o jsonpath={.metadata.labels.app}")).Says("db");
    }

    [Fact]
    public async Task Replace_puts_a_file_in_place_of_the_object()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("create -f -", GadgetYaml)).Says("created");
        (await space.KubectlAsync("replace -f -", GadgetYaml.Replace("small", "large", StringComparison.Ordinal))).Says("replaced");
        (await space.KubectlAsync("get gadget g -o jsonpath={.spec.size}")).Says("large");
        (await space.KubectlAsync("create -f -", GadgetYaml)).Fails("Error from server (AlreadyExists): error when creating \"STDIN\": gadgets.contract.example.com \"g\" already exists");
    }

    [Fact]
    public async Task Waiting_for_deletion_sees_it()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateConfigMapAsync("c", "{}", ""","finalizers":["x.example.com/hold"]""");
        var waiting = space.KubectlAsync("delete configmap c --wait=true --timeout=30s");
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(space.Core("configmaps/c"))).Text("metadata", "deletionTimestamp").Length > 0, "it is being deleted");
        (await space.Api.PatchAsync(space.Core("configmaps/c"), "merge", """{"metadata":{"finalizers":null}}""")).Expect(200);
        (await waiting).Says("configmap \"c\" deleted");
    }

    [Fact]
    public async Task Watching_prints_a_row_for_each_change()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("apply -f -", GadgetYaml)).Ok();
        using var watch = KubectlWatch.Start(cluster.KubeconfigPath, ["-n", space.Name, "get", "gadgets", "-w", "-o", "wide"]);
        Assert.StartsWith("NAME", await watch.LineAsync(), StringComparison.Ordinal);
        Assert.Contains("small", await watch.LineAsync(), StringComparison.Ordinal);
        (await space.Api.PatchAsync(space.Gadgets("g"), "merge", """{"spec":{"size":"large"}}""")).Expect(200);
        Assert.Contains("large", await watch.LineAsync(), StringComparison.Ordinal);
        (await space.Api.PatchAsync(space.Gadgets("g/status"), "merge", """{"status":{"phase":"Flying"}}""")).Expect(200);
        Assert.Contains("Flying", await watch.LineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_are_listed_and_described_with_their_object()
    {
        await using var space = await cluster.NewSpaceAsync();
        var pod = await space.CreatePodAsync("p");
        (await space.Api.PostAsync(space.Core("events"), $$$"""
            {"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"involvedObject":{"apiVersion":"v1","kind":"Pod","name":"p","namespace":"{{{space.Name}}}","uid":"{{{pod.Text("metadata", "uid")}}}"},
             "reason":"Pondering","message":"should it run?","type":"Warning","count":1,"firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:00:00Z","source":{"component":"contract"} }
            """)).Expect(201);
        (await space.KubectlAsync("get events")).Says("pod/p").Says("Pondering");
        (await space.KubectlAsync("describe pod p")).Says("should it run?");
        (await space.KubectlAsync("get events.v1.events.k8s.io -o jsonpath={.items[0].note}")).Says("should it run?");
    }

    [Fact]
    public async Task Logs_come_from_who_runs_the_pods()
    {
        // CI runs against the embedded cluster: there, nothing is skipped.
        Assert.False(!cluster.IsEmbedded && Environment.GetEnvironmentVariable("CI") == "true", "CI must not be given a KUBECONFIG");
        Assert.SkipUnless(cluster.IsEmbedded, "a real cluster's pods have logs of their own");
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p");
        (await space.KubectlAsync("logs p --tail=3")).Says("p/main says hello, tail 3");
        (await space.KubectlAsync("logs p -c other")).Fails("container other is not valid for pod p");
    }

    [Fact]
    public async Task A_definition_applied_is_served_at_once()
    {
        await using var space = await cluster.NewSpaceAsync();
        var group = $"{space.Name}.example.com";
        var definition = Gadgets.Definition.Replace("contract.example.com", group, StringComparison.Ordinal).Replace("[gdt]", "[]", StringComparison.Ordinal)
            .Replace("[contract]", "[]", StringComparison.Ordinal);
        (await space.KubectlAsync("apply -f -", definition)).Says("created");
        (await space.KubectlAsync($"wait crd gadgets.{group} --for=condition=Established --timeout=20s")).Says("condition met");
        (await space.KubectlAsync("apply -f -", GadgetYaml.Replace("contract.example.com", group, StringComparison.Ordinal))).Says("created");
        (await space.KubectlAsync($"delete crd gadgets.{group} --timeout=20s")).Says("deleted");
    }
}
