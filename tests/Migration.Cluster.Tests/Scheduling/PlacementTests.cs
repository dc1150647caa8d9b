using System.Text.Json;
using Migration.Kubernetes;
using Migration.Local.Scheduler;

namespace Migration.Cluster.Tests.Scheduling;

/// <summary>Where pods go, as a table: what the pod says, what is there already, and the node or the reason.</summary>
public sealed class PlacementTests
{
    private const string None = "";

    public static TheoryData<string, string, string> Cases => new()
    {
        { """{"nodeSelector":{"zone":"y"}}""", None, "c" },
        { """{"nodeSelector":{"zone":"nowhere"}}""", None, "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector." },
        { Request("cpu", "3"), None, "0/3 nodes are available: 3 Insufficient cpu." },
        { Request("cpu", "1500m"), "a:cpu=1,b:cpu=1", "c" },
        { Request("memory", "2Gi"), "a:memory=3Gi,b:memory=3Gi,c:memory=3Gi", "0/3 nodes are available: 3 Insufficient memory." },
        { Request("example.com/gadget", "1"), None, "0/3 nodes are available: 3 Insufficient example.com/gadget." },
        { """{"initContainers":[{"name":"i","resources":{"requests":{"cpu":"2500m"}}}]}""", None, "0/3 nodes are available: 3 Insufficient cpu." },
        { Affinity("podAntiAffinity", "kubernetes.io/hostname"), "a:app=x,b:app=x", "c" },
        { Affinity("podAntiAffinity", "zone"), "a:app=x", "c" },
        { Affinity("podAntiAffinity", "zone"), "a:app=x,c:app=x", "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules." },
        { Affinity("podAffinity", "zone"), "b:app=x", "a" },
        { Affinity("podAffinity", "zone"), None, "a" },
        { Affinity("podAffinity", "rack"), "b:app=x", "0/3 nodes are available: 3 node(s) didn't match pod affinity rules." },
        { """{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":5,"preference":{"matchExpressions":[{"key":"zone","operator":"In","values":["y"]}]}}]}}}""", None, "c" },
        { """{"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":5,"podAffinityTerm":{"labelSelector":{"matchLabels":{"app":"x"}},"topologyKey":"kubernetes.io/hostname"}}]}}}""", "a:app=x,c:app=x", "b" },
        { Spread("DoNotSchedule"), "a:app=x,c:app=x", "a" },
        { Spread("DoNotSchedule"), "a:app=x,b:app=x", "c" },
        { Spread("DoNotSchedule", "rack"), None, "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints." },
        { Spread("ScheduleAnyway"), "a:app=x,b:app=x", "c" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pod_goes_where_it_may_and_wishes_to(string spec, string present, string expected)
    {
        var placement = Placement.Choose(Pod("new", spec, "app", "x"), [Node("a", "x"), Node("b", "x"), Node("c", "y")], [.. Present(present)]);

        Assert.Equal(expected, placement.Node ?? placement.Reason);
    }

    [Fact]
    public void Taints_keep_away_those_who_do_not_tolerate_them_and_push_away_those_who_may_stay()
    {
        Node[] nodes = [Tainted(Node("a", "x"), "NoSchedule"), Tainted(Node("b", "x"), "PreferNoSchedule"), Node("c", "y") with { Spec = new NodeSpec { Unschedulable = true } }];

        Assert.Equal("b", Placement.Choose(Pod("new", "{}"), nodes, []).Node);
        Assert.Equal("a", Placement.Choose(Pod("new", """{"tolerations":[{"key":"t","operator":"Exists","effect":"NoSchedule"}]}"""), nodes, []).Node);
        Assert.Equal("0/2 nodes are available: 1 node(s) had untolerated taint {t: v}, 1 node(s) were unschedulable.", Placement.Choose(Pod("new", "{}"), [nodes[0], nodes[2]], []).Reason);
    }

    [Fact]
    public void Who_is_there_already_may_mind_company()
    {
        var lonely = Pod("lonely", Affinity("podAntiAffinity", "kubernetes.io/hostname")) is var pod ? pod with { Spec = pod.Spec! with { NodeName = "a" } } : null!;

        Assert.Equal("b", Placement.Choose(Pod("new", "{}", "app", "x"), [Node("a", "x"), Node("b", "x")], [lonely]).Node);
        Assert.Equal("0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.", Placement.Choose(Pod("new", "{}", "app", "x"), [Node("a", "x")], [lonely]).Reason);
    }

    private static string Request(string resource, string amount) => $$"""{"containers":[{"name":"c","resources":{"requests":{"{{resource}}":"{{amount}}"} } }]}""";

    private static string Affinity(string kind, string key) =>
        $$"""{"affinity":{"{{kind}}":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{"matchExpressions":[{"key":"app","operator":"In","values":["x"]}]},"topologyKey":"{{key}}"}]} } }""";

    private static string Spread(string when, string key = "zone") =>
        $$"""{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"{{key}}","whenUnsatisfiable":"{{when}}","labelSelector":{"matchLabels":{"app":"x"} } }]}""";

    /// <summary>"a:app=x" is a pod with a label on node a; "a:cpu=1" one that requests something.</summary>
    private static IEnumerable<Pod> Present(string text)
    {
        foreach (var entry in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var (node, key, value) = (entry.Split(':')[0], entry.Split(':')[1].Split('=')[0], entry.Split('=')[1]);
            var pod = key == "app" ? Pod(entry, "{}", key, value) : Pod(entry, Request(key, value));
            yield return pod with { Spec = pod.Spec! with { NodeName = node } };
        }
    }

    private static Pod Pod(string name, string spec, string? label = null, string? value = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = name, Labels = label is null ? null : new Dictionary<string, string> { [label] = value! } },
        Spec = JsonSerializer.Deserialize($$"""{"spec":{{spec}}}""", KubernetesJson.Default.Pod)!.Spec,
    };

    private static Node Node(string name, string zone) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = name, ["zone"] = zone } },
        Status = new NodeStatus
        {
            Allocatable = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("2"), ["memory"] = Quantity.Parse("4Gi"), ["pods"] = Quantity.Parse("10") },
            Conditions = [new Condition { Type = "Ready", Status = Condition.True }],
        },
    };

    private static Node Tainted(Node node, string effect) => node with { Spec = new NodeSpec { Taints = [new Taint { Key = "t", Value = "v", Effect = effect }] } };
}
