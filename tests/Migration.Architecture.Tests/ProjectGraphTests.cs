namespace Migration.Architecture.Tests;

/// <summary>
/// Controllers → gRPC → node → kernel and QEMU; cni → gRPC → node. Nothing points back. Every project names what it
/// may reference, and why no more.
/// </summary>
public sealed class ProjectGraphTests
{
    private sealed record Rule(string[] MayReference, string Because);

    private static readonly Dictionary<string, Rule> Rules = new()
    {
        ["Linux"] = new([], "it is the floor"),
        ["Packets"] = new([], "codecs and rules are pure: they must run anywhere"),
        ["Grpc"] = new([], "it stands in for packages that know nothing of us"),
        ["Netlink"] = new(["Linux"], "it is a library that others could use"),
        ["Qemu"] = new(["Linux"], "QMP knows nothing of networks or of RPCs"),
        ["Protos"] = new(["Grpc"], "it is generated code and its runtime"),
        ["Telemetry"] = new([], "it shows what meters and activities say, whoever's they are"),
        ["Node"] = new(["Linux", "Netlink", "Packets", "Qemu", "Grpc", "Protos", "Telemetry"], "it obeys RPCs and runs without a cluster"),
        ["Launcher"] = new(["Linux", "Qemu", "Protos"], "it costs memory in every VM's pod"),
        ["Kubernetes"] = new([], "it is a client runtime that knows no product"),
        ["Api"] = new(["Kubernetes"], "objects are Kubernetes objects and nothing else"),
        ["Controllers"] = new(["Api", "Kubernetes", "Grpc", "Protos", "Telemetry"], "machines are touched only through gRPC"),
        ["Cni"] = new(["Protos", "Grpc"], "it is executed for every pod: start-up time and size"),
        ["Local"] = new(
            ["Linux", "Netlink", "Packets", "Qemu", "Grpc", "Protos", "Api", "Kubernetes", "Telemetry", "Node", "Launcher", "Controllers"],
            "it is the composition of all of them on one machine, and no test"),
    };

    [Fact]
    public void Every_product_project_references_only_what_its_rule_allows()
    {
        var broken = Repository.Projects().Where(project => !IsTest(project)).SelectMany(Violations).ToList();

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void Every_rule_is_about_a_project_that_exists()
    {
        var projects = Repository.Projects().Select(Repository.ShortName).ToHashSet();

        Assert.Subset(projects, Rules.Keys.ToHashSet());
    }

    [Fact]
    public void Only_the_contract_project_and_tests_run_protoc()
    {
        var compilers = Repository.Projects()
            .Where(project => !IsTest(project) && Repository.Packages(project).Contains("Grpc.Tools"))
            .Select(Repository.ShortName);

        Assert.Equal(["Protos"], compilers);
    }

    [Theory]
    [InlineData("Common")]
    [InlineData("Core")]
    [InlineData("Shared")]
    [InlineData("Utils")]
    [InlineData("Helpers")]
    [InlineData("Managers")]
    public void No_project_is_a_drawer(string drawer) =>
        Assert.DoesNotContain(Repository.Projects().Select(Repository.ShortName), name => name.Split('.').Contains(drawer));

    private static IEnumerable<string> Violations(string project)
    {
        var name = Repository.ShortName(project);
        if (!Rules.TryGetValue(name, out var rule))
            return [$"{name} has no rule: say in {nameof(ProjectGraphTests)} what it may reference, and why"];
        return Repository.References(project)
            .Where(reference => !rule.MayReference.Contains(reference))
            .Select(reference => $"{name} must not reference {reference}: {rule.Because}");
    }

    private static bool IsTest(string project) =>
        Path.GetRelativePath(Repository.Root, project).StartsWith("tests/", StringComparison.Ordinal);
}
