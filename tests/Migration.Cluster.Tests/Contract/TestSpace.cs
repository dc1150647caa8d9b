namespace Migration.Cluster.Tests.Contract;

/// <summary>A namespace that belongs to one test and is deleted after it.</summary>
public sealed class TestSpace(ContractCluster cluster, string name) : IAsyncDisposable
{
    public string Name { get; } = name;

    public ContractCluster Cluster { get; } = cluster;

    public ApiConnection Api => Cluster.Api;

    public string Core(string rest) => $"/api/v1/namespaces/{Name}/{rest}";

    public string Gadgets(string rest = "") => $"/apis/contract.example.com/v1/namespaces/{Name}/gadgets{(rest.Length == 0 || rest[0] == '?' ? rest : "/" + rest)}";

    public Task<ApiAnswer> CreateConfigMapAsync(string name, string data = "{}", string metadata = "") => Api.PostAsync(Core("configmaps"),
        $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}"{{metadata}}},"data":{{data}}}""");

    public Task<ApiAnswer> CreateGadgetAsync(string name, string spec = """{"size":"small"}""") => Api.PostAsync(Gadgets(),
        $$"""{"apiVersion":"contract.example.com/v1","kind":"Gadget","metadata":{"name":"{{name}}"},"spec":{{spec}}}""");

    /// <summary>A pod that no scheduler of a real cluster takes.</summary>
    public Task<ApiAnswer> CreatePodAsync(string name, string labels = "{}") => Api.PostAsync(Core("pods"),
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{{{labels}}}},"spec":{"schedulerName":"nobody","containers":[{"name":"main","image":"busybox:1"}]}}""");

    /// <summary>kubectl in this namespace; arguments are separated by single spaces.</summary>
    public Task<KubectlRun> KubectlAsync(string line, string? input = null) => KubectlAsync(line.Split(' '), input);

    public Task<KubectlRun> KubectlAsync(string[] arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null) =>
        Cluster.KubectlAsync(input, ["-n", Name, .. arguments], environment);

    public async ValueTask DisposeAsync() => (await Api.DeleteAsync($"/api/v1/namespaces/{Name}")).Expect(200);
}
