using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Cni.Tests;

/// <summary>The plugin and the real node service, which comes and goes.</summary>
public sealed class NodeTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private NodeLab _lab = null!;

    private LabNode Node => _lab.A;

    private string Journal => Path.Combine(Node.Folder, "journal");

    public async ValueTask InitializeAsync() => _lab = await NodeLab.StartAsync();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Node_that_is_down_costs_machines_their_patience_and_other_pods_nothing()
    {
        using var space = await PodAsync("down", 1);
        Assert.Equal(0, (await AddAsync(space, "c1", Annotated())).ExitCode);
        Node.Kill();

        var machine = await AddAsync(space, "c2", Annotated(), timeout: 1);
        var other = await RunAsync("ADD", space, "c3", "web-5d9c7", []);
        var deleted = await DeleteAsync(space, "c1");

        Assert.True(machine is { ExitCode: 1, Code: 11 }, machine.ToString());
        Assert.True(other.ExitCode == 0 && JsonNode.DeepEquals(other.Json, Result()), other.ToString());
        Assert.True(deleted is { ExitCode: 0, Output: "" }, deleted.ToString());
        Assert.Equal(["pods:c1:eth0.json"], Directory.EnumerateFiles(Journal).Select(Path.GetFileName));
        await Node.StartServiceAsync();
        await NothingLeftAsync(space);
        Assert.Contains("Detached pods/c1/eth0", Node.Log);
    }

    [Fact]
    public async Task Journal_of_thousands_with_broken_and_foreign_files_is_worked_off_while_pods_come()
    {
        using var old = await PodAsync("old", 1);
        using var young = await PodAsync("young", 2);
        Assert.Equal(0, (await AddAsync(old, "c1", Annotated())).ExitCode);
        Node.Kill();
        Directory.CreateDirectory(Journal);
        for (var i = 0; i < 3000; i++)
            await WriteAsync($"pods:gone{i}:eth0.json", new { network = "pods", containerId = $"gone{i}", @interface = "eth0", netns = $"/run/netns/gone{i}" });
        // The same attachment, under its name and under others.
        foreach (var name in new[] { "pods:c1:eth0.json", "c1-eth0.json", "again.json" })
            await WriteAsync(name, new { network = "pods", containerId = "c1", @interface = "eth0", netns = old.Path });
        string[] broken = ["{", "", "null", "[]", """{"network":"pods"}""", """{"network":7,"containerId":"x","interface":"eth0"}""", new string('x', 100_000)];
        for (var i = 0; i < broken.Length; i++)
            await File.WriteAllTextAsync(Path.Combine(Journal, $"broken{i}.json"), broken[i], Ct);
        await File.WriteAllTextAsync(Path.Combine(Journal, "pods:x:eth0.json.4711"), "{", Ct);
        File.SetLastWriteTimeUtc(Path.Combine(Journal, "pods:x:eth0.json.4711"), DateTime.UnixEpoch);
        await File.WriteAllTextAsync(Path.Combine(Journal, "pods:y:eth0.json.4712"), "{", Ct);

        await Node.StartServiceAsync();
        var added = await AddAsync(young, "c2", Annotated());

        Assert.True(added.ExitCode == 0, added.ToString());
        string[] kept = [.. Enumerable.Range(0, broken.Length).Select(i => $"broken{i}.json.unreadable"), "pods:y:eth0.json.4712"];
        await Node.EventuallyAsync(
            () => Task.FromResult(Directory.EnumerateFiles(Journal).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal).SequenceEqual(kept)),
            "the journal is worked off", () => string.Join(' ', Directory.EnumerateFiles(Journal).Take(20)));
        Assert.Equal(["c2"], (await Node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Select(one => one.Key.ContainerId));
        Assert.DoesNotContain("tap0", await old.IpAsync("-o link"));
        Assert.Contains("tap0", await young.IpAsync("-o link"));
        Assert.Contains("broken4.json was not carried out: containerId is missing", Node.Log);
    }

    [Fact]
    public async Task Del_that_is_older_than_an_add_does_not_undo_it()
    {
        using var space = await PodAsync("again", 1);
        Assert.Equal(0, (await AddAsync(space, "c1", Annotated())).ExitCode);
        Node.Kill();
        Assert.Equal(0, (await DeleteAsync(space, "c1")).ExitCode);
        // While nobody listens both wait: the same key again, and another container that is given the same namespace.
        var again = AddAsync(space, "c1", Annotated());
        var other = AddAsync(space, "c2", Annotated());

        await Node.StartServiceAsync();

        Assert.Equal((0, 0), ((await again).ExitCode, (await other).ExitCode));
        await Node.EventuallyAsync(() => Task.FromResult(!Directory.EnumerateFiles(Journal).Any()), "the journal is worked off");
        Assert.Contains("tap0", await space.IpAsync("-o link"));
        Assert.Equal(0, (await RunAsync("CHECK", space, "c1", "virt-launcher-c1", [])).ExitCode);
        // The first one's DEL comes late: the namespace is the second one's now.
        await Node.Networks.DetachAsync(new DetachRequest { Key = new() { Network = "pods", ContainerId = "c0", InterfaceName = "eth0" }, NamespacePath = space.Path });
        Assert.Contains("tap0", await space.IpAsync("-o link"));
        Assert.Equal((0, 0), ((await DeleteAsync(space, "c1")).ExitCode, (await DeleteAsync(space, "c2")).ExitCode));
        await NothingLeftAsync(space);
    }

    [Fact]
    public async Task Detach_that_was_answered_is_finished_by_the_next_process()
    {
        using var space = await PodAsync("prompt", 1);
        Assert.Equal(0, (await AddAsync(space, "c1", Annotated())).ExitCode);
        Node.Kill();
        var record = Directory.EnumerateFiles(Path.Combine(Node.State, "attachments")).Single();
        var text = JsonNode.Parse(await File.ReadAllTextAsync(record, Ct))!;
        text["Leaving"] = true;
        await File.WriteAllTextAsync(record, text.ToJsonString(), Ct);

        await Node.StartServiceAsync();

        await NothingLeftAsync(space);
    }

    [Fact]
    public async Task Status_says_that_nothing_can_be_attached_and_whether_guests_miss_something_too()
    {
        using var space = await PodAsync("status", 1);
        Assert.Equal(0, (await AddAsync(space, "c1", Annotated())).ExitCode);
        var records = Path.Combine(Node.State, "attachments");
        Assert.Equal(0, (await StatusAsync()).ExitCode);

        Directory.Move(records, records + ".away");
        var nowhere = await StatusAsync();
        Directory.Move(records + ".away", records);
        Assert.True(nowhere is { ExitCode: 1, Code: 50 } && nowhere.Output.Contains($"{records} is gone", StringComparison.Ordinal), nowhere.ToString());
        Assert.Equal(0, (await StatusAsync()).ExitCode);

        // Somebody put another link in the tap's place while the node was down.
        Node.Kill();
        await space.IpAsync("link del tap0");
        await space.IpAsync("link add tap0 type bridge");
        await Node.StartServiceAsync();
        Directory.Move(records, records + ".away");
        var limited = await StatusAsync();
        Directory.Move(records + ".away", records);
        Assert.True(limited is { ExitCode: 1, Code: 51 }, limited.ToString());
        await space.IpAsync("link del tap0");
        Assert.Equal(0, (await DeleteAsync(space, "c1")).ExitCode);
    }

    [Fact]
    public async Task Gc_removes_what_is_not_listed_of_its_own_network_and_nothing_else()
    {
        using var kept = await PodAsync("kept", 1);
        using var stale = await PodAsync("stale", 2);
        using var foreign = await PodAsync("foreign", 3);
        Assert.Equal(0, (await AddAsync(kept, "kept", Annotated())).ExitCode);
        Assert.Equal(0, (await AddAsync(stale, "stale", Annotated())).ExitCode);
        Assert.Equal(0, (await RunAsync("ADD", foreign, "foreign", "virt-launcher-foreign", Annotated(), network: "others")).ExitCode);

        var collected = await PluginProgram.RunAsync(
            new Dictionary<string, string> { ["CNI_COMMAND"] = "GC", ["CNI_PATH"] = "/x" },
            new JsonObject
            {
                ["cniVersion"] = "1.1.0", ["name"] = "pods", ["nodeSocket"] = Node.Socket,
                ["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "kept", ["ifname"] = "eth0" }, new JsonObject { ["containerID"] = "unheard-of", ["ifname"] = "eth0" }),
            }.ToJsonString());

        Assert.True(collected is { ExitCode: 0, Output: "" }, collected.ToString());
        Assert.Equal(["foreign", "kept"], (await Node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Select(one => one.Key.ContainerId).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("tap0", await stale.IpAsync("-o link"));
        Assert.Contains("tap0", await kept.IpAsync("-o link"));
        Assert.Contains("tap0", await foreign.IpAsync("-o link"));
    }

    [Fact]
    public async Task Pod_that_is_faster_than_its_plan_is_bound_by_its_annotation_and_then_as_planned()
    {
        using var space = await PodAsync("fast", 1);
        var annotations = Annotated("""{"name":"default","mac":"02:00:00:00:00:07","queues":4,"lease":{"mac":"02:00:00:00:00:09"},"delegate":{"name":"x"}}""");
        annotations["kubevirt.io/domain"] = "fast-vm";

        var added = await AddAsync(space, "c1", annotations);

        Assert.True(added.ExitCode == 0, added.ToString());
        var early = (await Node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Single().Interface;
        Assert.Equal(("default", "02:00:00:00:00:07", "02:00:00:00:00:07", 1u, "fast-vm"), (early.Name, early.Mac, early.Lease.Mac, early.Queues, early.Lease.HostName));
        Assert.Contains("ignored: queues lease delegate", Node.Log);

        await Node.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = Plan("c1", new Interface { Name = "lan", PodInterface = "eth0", Mac = "02:00:00:00:00:08", Queues = 2 }) });
        var planned = (await Node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Single().Interface;
        Assert.Equal(("lan", "02:00:00:00:00:08", 2u), (planned.Name, planned.Mac, planned.Queues));
        Assert.Contains("multi_queue", (await space.IpJsonAsync("link show tap0"))[0].GetProperty("linkinfo").ToString());
        Assert.Equal(0, (await RunAsync("CHECK", space, "c1", "virt-launcher-c1", [])).ExitCode);
    }

    [Theory]
    [InlineData("""{"name":"default","mac":"ff:ff:ff:ff:ff:ff"}""", "", 7, "not the address of one station")]
    [InlineData("{", "", 7, "annotation migration.internal/interface")]
    [InlineData("""{"name":"default"}""", "kubevirt.io/migrationJobName", 11, "no plan for pod")]
    [InlineData("""{"name":"default"}""", "k8s.v1.cni.cncf.io/networks", 11, "no plan for pod")]
    public async Task Annotation_that_cannot_serve_is_refused_or_waits_for_the_plan(string annotation, string another, int code, string reason)
    {
        using var space = await PodAsync("no", 1);
        var annotations = Annotated(annotation);
        if (another.Length > 0)
            annotations[another] = "x";

        // The node gives up after nine tenths of it, and its reason must arrive in the rest, on a busy machine too.
        var refused = await AddAsync(space, "c1", annotations, timeout: 5);

        Assert.True(refused is { ExitCode: 1 } && refused.Code == code && refused.Message.Contains(reason, StringComparison.Ordinal), refused.ToString());
        Assert.DoesNotContain("tap0", await space.IpAsync("-o link"));
        Assert.Equal(0, (await DeleteAsync(space, "c1")).ExitCode);
    }

    private async Task<TestNamespace> PodAsync(string name, int number)
    {
        var space = TestNamespace.Create(name);
        await Node.Namespace.IpAsync($"link add h{number} type veth peer name eth0 netns {space.Name}");
        await space.IpAsync($"addr add 10.70.{number}.2/24 dev eth0");
        await space.IpAsync("link set eth0 up");
        return space;
    }

    private Task<PluginProgram.Outcome> StatusAsync() => PluginProgram.RunAsync(
        new Dictionary<string, string> { ["CNI_COMMAND"] = "STATUS", ["CNI_PATH"] = "/x" },
        new JsonObject { ["cniVersion"] = "1.1.0", ["name"] = "pods", ["nodeSocket"] = Node.Socket }.ToJsonString());

    private Task NothingLeftAsync(TestNamespace space) => Node.EventuallyAsync(async () =>
        !(Directory.Exists(Journal) && Directory.EnumerateFiles(Journal).Any())
        && !Directory.EnumerateFiles(Path.Combine(Node.State, "attachments")).Any()
        && (await space.IpJsonAsync("link")).GetArrayLength() == 2
        && !(await space.TcJsonAsync("qdisc show dev eth0")).ToString().Contains("clsact", StringComparison.Ordinal), "nothing is left");

    private Task WriteAsync(string name, object entry) => File.WriteAllTextAsync(Path.Combine(Journal, name), JsonSerializer.Serialize(entry), Ct);

    private Task<PluginProgram.Outcome> AddAsync(TestNamespace space, string container, JsonObject annotations, int timeout = 30) =>
        RunAsync("ADD", space, container, $"virt-launcher-{container}", annotations, timeout);

    private Task<PluginProgram.Outcome> DeleteAsync(TestNamespace space, string container) => RunAsync("DEL", space, container, $"virt-launcher-{container}", []);

    private Task<PluginProgram.Outcome> RunAsync(string command, TestNamespace space, string container, string pod, JsonObject annotations, int timeout = 30, string network = "pods") =>
        PluginProgram.RunAsync(
            new Dictionary<string, string>
            {
                ["CNI_COMMAND"] = command, ["CNI_CONTAINERID"] = container, ["CNI_NETNS"] = space.Path, ["CNI_IFNAME"] = "eth0", ["CNI_PATH"] = "/x",
                ["CNI_ARGS"] = $"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod};K8S_POD_UID={container}",
            },
            new JsonObject
            {
                ["cniVersion"] = "1.0.0", ["name"] = network, ["nodeSocket"] = Node.Socket, ["timeoutSeconds"] = timeout, ["prevResult"] = Result(),
                ["runtimeConfig"] = new JsonObject { ["io.kubernetes.cri.pod-annotations"] = annotations.DeepClone() },
            }.ToJsonString());

    private static JsonObject Annotated(string json = """{"name":"default"}""") => new() { ["migration.internal/interface"] = json };

    private static JsonObject Result() => new() { ["cniVersion"] = "1.0.0", ["ips"] = new JsonArray(new JsonObject { ["address"] = "10.70.1.2/24" }) };

    private static MachinePlan Plan(string uid, Interface nic) => new()
    {
        Id = uid,
        Pod = new PodIdentity { Namespace = "default", Name = $"virt-launcher-{uid}", Uid = uid },
        InstanceNamespace = "default",
        InstanceName = "guest",
        InstanceUid = uid,
        FirmwareUuid = "5d307ca9-b3ef-428c-8861-06e72d69f223",
        Cores = 1,
        MemoryBytes = 64 << 20,
        KernelBoot = new() { Volume = "kernel-boot", KernelPath = "/vmlinuz" },
        Interfaces = { nic },
    };
}
