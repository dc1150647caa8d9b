using System.Net;
using System.Text.Json.Nodes;

namespace Migration.Cluster.Tests.Contract;

/// <summary>Who may do what: roles and bindings, asked for by <c>--as</c>, by token and by reviews.</summary>
public sealed class RightsContract(ContractCluster cluster)
{
    private const string Rights = "/apis/rbac.authorization.k8s.io/v1";

    [Fact]
    public async Task Nobody_may_do_what_no_role_allows()
    {
        await using var space = await cluster.NewSpaceAsync();
        var jane = $"jane-{space.Name}";
        (await space.KubectlAsync($"get pods --as {jane}"))
            .Fails($"Error from server (Forbidden): pods is forbidden: User \"{jane}\" cannot list resource \"pods\" in API group \"\" in the namespace \"{space.Name}\"");
        (await space.KubectlAsync($"get node n --as {jane}"))
            .Fails($"nodes \"n\" is forbidden: User \"{jane}\" cannot get resource \"nodes\" in API group \"\" at the cluster scope");
        (await space.KubectlAsync($"get gadgets --as {jane}"))
            .Fails($"gadgets.contract.example.com is forbidden: User \"{jane}\" cannot list resource \"gadgets\" in API group \"contract.example.com\"");
        (await space.KubectlAsync($"get --raw /metrics --as {jane}")).Fails($"forbidden: User \"{jane}\" cannot get path \"/metrics\"");
        (await space.KubectlAsync($"auth can-i list pods --as {jane}")).Fails("");
        (await space.KubectlAsync($"version --as {jane}")).Says("Server Version");
        (await space.KubectlAsync($"auth whoami --as {jane} -o jsonpath={{.status.userInfo.username}}")).Says(jane);
    }

    [Fact]
    public async Task A_role_bound_in_a_namespace_allows_what_it_says_there()
    {
        await using var space = await cluster.NewSpaceAsync();
        await using var other = await cluster.NewSpaceAsync();
        var jane = $"jane-{space.Name}";
        (await space.KubectlAsync("create role reader --verb=get,list --resource=configmaps --resource=pods/log")).Says("created");
        (await space.KubectlAsync($"create rolebinding reader --role=reader --user={jane}")).Says("created");
        await UntilAllowedAsync(space, jane, "list configmaps");
        (await space.KubectlAsync($"get configmaps --as {jane}")).Ok();
        (await space.KubectlAsync($"auth can-i get pods --subresource=log --as {jane}")).Says("yes");
        foreach (var not in (string[])["get pods", "create configmaps", "watch configmaps", "list secrets"])
            Assert.Equal("no", (await space.KubectlAsync($"auth can-i {not} --as {jane}")).Output.Split('\n', ' ')[0]);
        Assert.Equal("no", (await other.KubectlAsync($"auth can-i list configmaps --as {jane}")).Output.Split('\n', ' ')[0]);
        (await space.KubectlAsync($"auth can-i --list --as {jane}")).Says("pods/log");
    }

    [Fact]
    public async Task A_rule_for_one_name_allows_that_object_only()
    {
        await using var space = await cluster.NewSpaceAsync();
        var jane = $"jane-{space.Name}";
        foreach (var name in (string[])["mine", "theirs"])
            (await space.CreateConfigMapAsync(name)).Expect(201);
        (await space.KubectlAsync("create role one --verb=get,list,watch,delete --resource=configmaps --resource-name=mine")).Says("created");
        (await space.KubectlAsync($"create rolebinding one --role=one --group=friends-{space.Name}")).Says("created");
        await Eventually.TrueAsync(async () => (await space.KubectlAsync($"get configmap mine --as {jane} --as-group friends-{space.Name}")).Code == 0, "the binding counts");
        (await space.KubectlAsync($"get configmap theirs --as {jane} --as-group friends-{space.Name}")).Fails("configmaps \"theirs\" is forbidden");
        (await space.KubectlAsync($"get configmaps --as {jane} --as-group friends-{space.Name}")).Fails("configmaps is forbidden");
        (await space.KubectlAsync($"get configmaps --field-selector metadata.name=mine --as {jane} --as-group friends-{space.Name}")).Says("mine");
        (await space.KubectlAsync($"get configmap mine --as {jane}")).Fails("configmaps \"mine\" is forbidden");
    }

    [Fact]
    public async Task An_apply_that_creates_needs_the_right_to_create()
    {
        await using var space = await cluster.NewSpaceAsync();
        var jane = $"jane-{space.Name}";
        (await space.KubectlAsync("create role patcher --verb=get,patch --resource=configmaps")).Says("created");
        (await space.KubectlAsync($"create rolebinding patcher --role=patcher --user={jane}")).Says("created");
        await UntilAllowedAsync(space, jane, "patch configmaps");
        const string Map = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"k":"1"}}""";
        (await space.KubectlAsync($"apply --server-side --as {jane} -f -", Map)).Fails("cannot create resource \"configmaps\"");
        (await space.CreateConfigMapAsync("m")).Expect(201);
        (await space.KubectlAsync($"apply --server-side --as {jane} -f -", Map)).Says("serverside-applied");
    }

    [Fact]
    public async Task A_service_account_is_who_its_token_says_until_the_account_is_gone()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("create serviceaccount robot")).Says("created");
        (await space.KubectlAsync("create role reader --verb=list --resource=configmaps")).Says("created");
        (await space.KubectlAsync($"create rolebinding reader --role=reader --serviceaccount={space.Name}:robot")).Says("created");
        var token = (await space.KubectlAsync("create token robot --duration=1h")).Ok().Trim();
        Assert.Equal(3, token.Split('.').Length);
        await Eventually.TrueAsync(async () => await AskAsync(space, token, "configmaps") == HttpStatusCode.OK, "the binding counts");
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(space, token, "secrets"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(space, token[..^6] + "AAAAAA", "configmaps"));
        var review = (await space.Api.PostAsync("/apis/authentication.k8s.io/v1/tokenreviews", new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenReview", ["spec"] = new JsonObject { ["token"] = token },
        }.ToJsonString())).Expect(201);
        Assert.Equal($"system:serviceaccount:{space.Name}:robot", review.Text("status", "user", "username"));
        (await space.KubectlAsync("delete serviceaccount robot")).Ok();
        await Eventually.TrueAsync(async () => await AskAsync(space, token, "configmaps") == HttpStatusCode.Unauthorized, "the token is no longer good");
    }

    [Fact]
    public async Task A_token_made_for_a_pod_ends_with_it()
    {
        await using var space = await cluster.NewSpaceAsync();
        var uid = (await space.CreatePodAsync("p")).Expect(201).Text("metadata", "uid");
        await Eventually.TrueAsync(async () => (await space.Api.GetAsync(space.Core("serviceaccounts/default"))).Code == 200, "the default account is there");
        var answer = (await space.Api.PostAsync(space.Core("serviceaccounts/default/token"), $$$$"""
            {"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"{{{{uid}}}}"}}}
            """)).Expect(201);
        var token = answer.Text("status", "token");
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(space, token, "configmaps"));
        (await space.KubectlAsync("delete pod p --grace-period=0 --force")).Ok();
        await Eventually.TrueAsync(async () => await AskAsync(space, token, "configmaps") == HttpStatusCode.Unauthorized, "the token ended with its pod");
    }

    [Fact]
    public async Task Others_rights_are_told_by_reviews()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("create role reader --verb=list --resource=configmaps")).Says("created");
        (await space.KubectlAsync($"create rolebinding reader --role=reader --user=jane-{space.Name}")).Says("created");
        await Eventually.TrueAsync(async () => await ReviewAsync(space, "list") is { Allowed: true }, "the binding counts");
        Assert.Contains("RBAC: allowed by RoleBinding", (await ReviewAsync(space, "list")).Reason, StringComparison.Ordinal);
        Assert.False((await ReviewAsync(space, "create")).Allowed);
    }

    [Fact]
    public async Task A_cluster_role_may_be_made_of_others()
    {
        await using var space = await cluster.NewSpaceAsync();
        var (part, whole, jane) = ($"part-{space.Name}", $"whole-{space.Name}", $"jane-{space.Name}");
        try
        {
            (await space.Api.PostAsync($"{Rights}/clusterroles", $$$"""
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{{{whole}}}"},
                 "aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"into":"{{{whole}}}"}}]},"rules":[]}
                """)).Expect(201);
            (await space.Api.PostAsync($"{Rights}/clusterroles", $$$"""
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{{{part}}}","labels":{"into":"{{{whole}}}"}},
                 "rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["list"]}]}
                """)).Expect(201);
            (await space.KubectlAsync($"create rolebinding whole --clusterrole={whole} --user={jane}")).Says("created");
            await UntilAllowedAsync(space, jane, "list configmaps");
        }
        finally
        {
            foreach (var role in (string[])[part, whole])
                (await space.Api.DeleteAsync($"{Rights}/clusterroles/{role}")).Expect(200);
        }
    }

    [Fact]
    public async Task A_binding_keeps_its_role()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.KubectlAsync("create rolebinding b --role=one --user=jane")).Says("created");
        (await space.Api.PatchAsync($"{Rights}/namespaces/{space.Name}/rolebindings/b", "merge", """{"roleRef":{"name":"two"}}"""))
            .ExpectFailure(422, "Invalid", "cannot change roleRef");
    }

    private static Task UntilAllowedAsync(TestSpace space, string user, string what) => Eventually.TrueAsync(
        async () => (await space.KubectlAsync($"auth can-i {what} --as {user}")).Output.StartsWith("yes", StringComparison.Ordinal), $"{user} may {what}");

    private static async Task<(bool Allowed, string Reason)> ReviewAsync(TestSpace space, string verb)
    {
        var review = (await space.Api.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", $$$$"""
            {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"jane-{{{{space.Name}}}}",
             "resourceAttributes":{"namespace":"{{{{space.Name}}}}","verb":"{{{{verb}}}}","resource":"configmaps"}}}
            """)).Expect(201);
        return ((bool)review.Find("status", "allowed")!, review.Text("status", "reason"));
    }

    private static async Task<HttpStatusCode> AskAsync(TestSpace space, string token, string resource)
    {
        using var client = space.Api.NewClient(anonymous: true);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var answer = await client.GetAsync(space.Core(resource));
        return answer.StatusCode;
    }
}
