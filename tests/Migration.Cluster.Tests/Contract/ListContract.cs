namespace Migration.Cluster.Tests.Contract;

public sealed class ListContract(ContractCluster cluster)
{
    [Fact]
    public async Task Pages_together_are_the_list_of_one_moment()
    {
        await using var space = await cluster.NewSpaceAsync();
        for (var i = 0; i < 7; i++)
            (await space.CreateConfigMapAsync($"c{i}")).Expect(201);
        var names = new List<string>();
        var path = space.Core("configmaps?limit=3&labelSelector=") + "!kubernetes.io/created-by,nothing!=x&fieldSelector=metadata.name!=kube-root-ca.crt";
        var page = (await space.Api.GetAsync(path)).Expect(200);
        var revision = page.Version;
        (await space.CreateConfigMapAsync("c9")).Expect(201);
        while (true)
        {
            names.AddRange(Names(page));
            Assert.Equal(revision, page.Version);
            if (page.Text("metadata", "continue") is not { Length: > 0 } token)
                break;
            page = (await space.Api.GetAsync(path + "&continue=" + Uri.EscapeDataString(token))).Expect(200);
        }
        Assert.Equal(["c0", "c1", "c2", "c3", "c4", "c5", "c6"], names);
    }

    [Fact]
    public async Task A_continue_token_must_be_one() =>
        (await cluster.Api.GetAsync("/api/v1/namespaces/default/configmaps?limit=1&continue=abcdef")).Expect(400);

    [Theory]
    [InlineData("app=web", "p1,p2")]
    [InlineData("app==web,tier=front", "p1")]
    [InlineData("app!=web", "p3,p4")]
    [InlineData("tier", "p1,p2")]
    [InlineData("!tier", "p3,p4")]
    [InlineData("app in (db, cache)", "p3")]
    [InlineData("app notin (db,web)", "p4")]
    [InlineData("app in (web),tier notin (front)", "p2")]
    [InlineData("size>4", "p2")]
    [InlineData("size<4", "p1")]
    [InlineData("app=", "")]
    public async Task Labels_select(string selector, string expected)
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p1", """{"app":"web","tier":"front","size":"3"}""");
        await space.CreatePodAsync("p2", """{"app":"web","tier":"back","size":"5"}""");
        await space.CreatePodAsync("p3", """{"app":"db"}""");
        await space.CreatePodAsync("p4");
        var list = (await space.Api.GetAsync(space.Core("pods?labelSelector=") + Uri.EscapeDataString(selector))).Expect(200);
        Assert.Equal(expected, string.Join(",", Names(list)));
    }

    [Theory]
    [InlineData("app in web")]
    [InlineData("app in (web")]
    [InlineData("a b c")]
    [InlineData("-app=web")]
    [InlineData("app=web=x")]
    public async Task Bad_label_selectors_are_refused(string selector) =>
        (await cluster.Api.GetAsync("/api/v1/namespaces/default/pods?labelSelector=" + Uri.EscapeDataString(selector))).ExpectFailure(400, "BadRequest", "unable to parse requirement");

    [Fact]
    public async Task Fields_select_where_the_kind_allows_it()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p1");
        await space.CreatePodAsync("p2");
        foreach (var (selector, expected) in ((string, string)[])
            [("metadata.name=p1", "p1"), ("metadata.name!=p1", "p2"), ("status.phase=Pending,spec.nodeName=", "p1,p2"), ("spec.nodeName=x", ""), ($"metadata.namespace={space.Name}", "p1,p2")])
            Assert.Equal(expected, string.Join(",", Names((await space.Api.GetAsync(space.Core("pods?fieldSelector=") + Uri.EscapeDataString(selector))).Expect(200))));
        (await space.Api.GetAsync(space.Core("pods?fieldSelector=spec.hostname%3Dx"))).ExpectFailure(400, "BadRequest", "field label not supported: spec.hostname");
        (await space.Api.GetAsync(space.Core("configmaps?fieldSelector=data.x%3Dy"))).ExpectFailure(400, "BadRequest", "is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
        (await space.Api.GetAsync(space.Gadgets("?fieldSelector=spec.size%3Dsmall"))).ExpectFailure(400, "BadRequest", "field label not supported: spec.size");
    }

    [Fact]
    public async Task A_list_from_the_future_is_not_answered() =>
        (await cluster.Api.GetAsync("/api/v1/namespaces/default/configmaps?resourceVersion=900000000000&resourceVersionMatch=NotOlderThan"))
            .ExpectFailure(504, "Timeout", "Too large resource version");

    [Fact]
    public async Task Tables_hold_what_kubectl_prints()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g");
        await space.CreatePodAsync("p");
        foreach (var version in (string[])["v1", "v1beta1"])
        {
            if (version == "v1beta1" && !cluster.IsEmbedded)
                continue;
            var accept = $"application/json;as=Table;v={version};g=meta.k8s.io,application/json";
            var table = (await space.Api.GetAsync(space.Gadgets(), accept)).Expect(200);
            Assert.Equal("Table", table.Text("kind"));
            Assert.Equal(["Name", "Size", "Replicas", "Ready", "Age", "Phase"], table.Find("columnDefinitions")!.AsArray().Select(c => (string?)c!["name"]));
            Assert.Equal(("g", "small", "1"), (table.Text("rows", "0", "cells", "0"), table.Text("rows", "0", "cells", "1"), table.Text("rows", "0", "cells", "2")));
            Assert.Equal("PartialObjectMetadata", table.Text("rows", "0", "object", "kind"));
            var whole = (await space.Api.GetAsync(space.Core("pods/p?includeObject=Object"), accept)).Expect(200);
            Assert.Equal("Pod", whole.Text("rows", "0", "object", "kind"));
            Assert.Equal("Pending", whole.Text("rows", "0", "cells", "2"));
        }
    }

    [Fact]
    public async Task Metadata_alone_can_be_asked_for()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreateGadgetAsync("g");
        const string accept = "application/json;as=PartialObjectMetadata";
        var one = (await space.Api.GetAsync(space.Gadgets("g"), accept + ";g=meta.k8s.io;v=v1")).Expect(200);
        Assert.Equal(("PartialObjectMetadata", "g"), (one.Text("kind"), one.Text("metadata", "name")));
        Assert.Null(one.Find("spec"));
        var list = (await space.Api.GetAsync(space.Gadgets(), accept + "List;g=meta.k8s.io;v=v1")).Expect(200);
        Assert.Equal(("PartialObjectMetadataList", "g"), (list.Text("kind"), list.Text("items", "0", "metadata", "name")));
    }

    internal static IEnumerable<string> Names(ApiAnswer list) => list.Find("items")!.AsArray().Select(i => (string)i!["metadata"]!["name"]!);
}
