using System.Text.Json.Nodes;
using Grpc.Core;
using Migration.Protos;

namespace Migration.Cni.Tests;

public sealed class PluginTests
{
    private const string VirtualMachine = "virt-launcher-vm-x7k2p", Other = "web-5d9c7";

    public static TheoryData<string> Versions() => ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Version_is_answered_in_the_runtimes_version(string version)
    {
        var outcome = await RunAsync("VERSION", $$"""{"cniVersion":"{{version}}"}""", new() { ["CNI_CONTAINERID"] = "dummy" });

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal(version, (string?)outcome.Json["cniVersion"]);
        Assert.Equal(Versions().Select(row => row.Data), outcome.Json["supportedVersions"]!.AsArray().Select(v => (string)v!));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Add_for_a_virtual_machine_asks_the_node_and_passes_the_result_on(string version)
    {
        await using var node = await TestNode.StartAsync();
        var previous = Result(version);

        var outcome = await RunAsync("ADD", Configuration(node, version, previous), Pod(VirtualMachine));

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.True(JsonNode.DeepEquals(previous, outcome.Json), outcome.ToString());
        Assert.Equal("", outcome.Errors);
        var request = Assert.IsType<AttachRequest>(Assert.Single(node.Answers.Requests));
        Assert.Equal(new AttachmentKey { Network = "pods", ContainerId = "c0ffee", InterfaceName = "eth0" }, request.Key);
        Assert.Equal(new PodIdentity { Namespace = "default", Name = VirtualMachine, Uid = "6f1e" }, request.Pod);
        Assert.Equal("/var/run/netns/cni-1", request.NamespacePath);
        Assert.Equal("{\"a\": \"ü\"}", request.PodAnnotations["migration.internal/plan"]);
        Assert.Equal("vm", request.PodAnnotations["kubevirt.io/domain"]);
        Assert.InRange(request.PlanTimeout.ToTimeSpan(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Del_for_a_virtual_machine_asks_the_node(string version)
    {
        await using var node = await TestNode.StartAsync();

        var outcome = await RunAsync("DEL", Configuration(node, version, Result(version)), Pod(VirtualMachine));

        Assert.True(outcome is { ExitCode: 0, Output: "" }, outcome.ToString());
        var request = Assert.IsType<DetachRequest>(Assert.Single(node.Answers.Requests));
        Assert.Equal(new AttachmentKey { Network = "pods", ContainerId = "c0ffee", InterfaceName = "eth0" }, request.Key);
        Assert.Equal("/var/run/netns/cni-1", request.NamespacePath);
        Assert.False(Directory.Exists(node.Journal));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Check_came_with_0_4_0(string version)
    {
        await using var node = await TestNode.StartAsync();

        var outcome = await RunAsync("CHECK", Configuration(node, version, Result(version)), Pod(VirtualMachine));

        if (string.CompareOrdinal(version, "0.4.0") < 0)
        {
            AssertError(outcome, 1, "does not allow CHECK");
            Assert.Empty(node.Answers.Requests);
            return;
        }
        Assert.True(outcome is { ExitCode: 0, Output: "" }, outcome.ToString());
        Assert.Equal("eth0", Assert.IsType<CheckRequest>(Assert.Single(node.Answers.Requests)).Key.InterfaceName);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Gc_and_status_came_with_1_1_0(string version)
    {
        await using var node = await TestNode.StartAsync();
        var configuration = Configuration(node, version, previous: null);
        configuration["cni.dev/valid-attachments"] = new JsonArray(
            new JsonObject { ["containerID"] = "a1", ["ifname"] = "eth0" }, new JsonObject { ["containerID"] = "b2", ["ifname"] = "net1" });
        configuration["cni.dev/attachments"] = configuration["cni.dev/valid-attachments"]!.DeepClone();

        var gc = await RunAsync("GC", configuration, new() { ["CNI_PATH"] = "/opt/cni/bin" });
        var status = await RunAsync("STATUS", configuration, []);

        if (version != "1.1.0")
        {
            AssertError(gc, 1, "does not allow GC");
            AssertError(status, 1, "does not allow STATUS");
            return;
        }
        Assert.True(gc is { ExitCode: 0, Output: "" }, gc.ToString());
        Assert.True(status is { ExitCode: 0, Output: "" }, status.ToString());
        var collect = node.Answers.Requests.OfType<CollectRequest>().Single();
        Assert.Equal("pods", collect.Network);
        Assert.Equal([("pods", "a1", "eth0"), ("pods", "b2", "net1")], collect.Valid.Select(k => (k.Network, k.ContainerId, k.InterfaceName)));
    }

    [Theory]
    [InlineData("ADD", Other)]
    [InlineData("CHECK", Other)]
    [InlineData("DEL", Other)]
    [InlineData("ADD", "not-virt-launcher-x")]
    [InlineData("ADD", "")]
    public async Task A_pod_of_no_machine_costs_no_call(string command, string name)
    {
        // There is no node at all, so that any call would fail or be journalled.
        await using var node = TestNode.Absent();
        var previous = Result("1.0.0");

        var outcome = await RunAsync(command, Configuration(node, "1.0.0", previous), Pod(name));

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        if (command == "ADD") Assert.True(JsonNode.DeepEquals(previous, outcome.Json), outcome.ToString());
        else Assert.Equal("", outcome.Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(node.Folder));
    }

    [Fact]
    public async Task The_result_goes_out_byte_for_byte()
    {
        await using var node = TestNode.Absent();
        const string previous = """{ "cniVersion" : "1.0.0", "ips":[{"address":"10.0.0.2/24","gateway":"10.0.0.1"}], "x": 1.50e3, "u": "\u00fc", "dns":{} }""";

        var outcome = await PluginProgram.RunAsync(
            Environment("ADD", Pod(Other)), $$"""{"cniVersion":"1.0.0","name":"pods","type":"migration-cni","prevResult":{{previous}}}""");

        Assert.Equal(previous, outcome.Output);
    }

    [Theory]
    [InlineData("""{"ips":[]}""")]
    [InlineData("""{"cniVersion":"0.3.1","ips":[]}""")]
    [InlineData("""{"cniVersion":7,"ips":[]}""")]
    public async Task A_result_says_the_version_of_the_request(string previous)
    {
        var outcome = await PluginProgram.RunAsync(
            Environment("ADD", Pod(Other)), $$"""{"cniVersion":"1.0.0","name":"pods","type":"migration-cni","prevResult":{{previous}}}""");

        Assert.Equal("""{"cniVersion":"1.0.0","ips":[]}""", outcome.Output);
    }

    [Fact]
    public async Task What_a_result_says_beyond_the_specification_keeps_its_meaning_in_another_version()
    {
        const string rest = """
            "ips":[],"x":{"big":123456789012345678901234567890,"small":1.50e-3,"text":"\u00fc<\/a>\ud83d\ude00","":[null,true,{"cniVersion":"0"}]},"cni.dev/x":"ü"
            """;

        var outcome = await PluginProgram.RunAsync(
            Environment("ADD", Pod(Other)), $$$"""{"cniVersion":"1.0.0","name":"pods","type":"migration-cni","prevResult":{"cniVersion":"0.4.0",{{{rest}}}}}""");

        Assert.Equal($$"""{"cniVersion":"1.0.0",{{rest}}}""", outcome.Output);
    }

    [Theory]
    [InlineData("ADD")]
    [InlineData("CHECK")]
    public async Task Without_previous_result_there_is_nothing_to_bind(string command)
    {
        await using var node = TestNode.Absent();

        AssertError(await RunAsync(command, Configuration(node, "1.0.0", previous: null), Pod(VirtualMachine)), 7, $"{command} without prevResult");
    }

    [Fact]
    public async Task Del_needs_neither_namespace_nor_result()
    {
        await using var node = await TestNode.StartAsync();
        var environment = Pod(VirtualMachine);
        environment["CNI_NETNS"] = "";

        var outcome = await RunAsync("DEL", Configuration(node, "1.0.0", previous: null), environment);

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal("", Assert.IsType<DetachRequest>(Assert.Single(node.Answers.Requests)).NamespacePath);
    }

    [Theory]
    [InlineData("ADD", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH")]
    [InlineData("CHECK", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH")]
    [InlineData("DEL", "CNI_CONTAINERID,CNI_IFNAME,CNI_PATH")]
    [InlineData("GC", "CNI_PATH")]
    public async Task Missing_variables_are_named(string command, string names) =>
        AssertError(await PluginProgram.RunAsync(new Dictionary<string, string> { ["CNI_COMMAND"] = command }, "{}"), 4, $"[{names}]");

    [Theory]
    [InlineData("CNI_CONTAINERID", "../x")]
    [InlineData("CNI_CONTAINERID", "-x")]
    [InlineData("CNI_IFNAME", "a/b")]
    [InlineData("CNI_IFNAME", "..")]
    [InlineData("CNI_IFNAME", "sixteen-letters-")]
    [InlineData("CNI_IFNAME", "eth0:1")]
    public async Task A_variable_that_cannot_be_is_named_with_its_value(string name, string value)
    {
        var environment = Pod(VirtualMachine);
        environment[name] = value;

        var outcome = await RunAsync("ADD", "{}", environment);

        AssertError(outcome, 4, name);
        Assert.Contains($"\"{value}\"", outcome.Message);
    }

    [Fact]
    public async Task An_unknown_command_is_refused_in_the_words_that_libcni_knows() =>
        AssertError(await RunAsync("EXPLODE", "{}", Pod(VirtualMachine)), 4, "unknown CNI_COMMAND: EXPLODE");

    [Fact]
    public async Task Without_command_it_says_what_it_is()
    {
        var outcome = await PluginProgram.RunAsync(new Dictionary<string, string>(), "");

        Assert.True(outcome is { ExitCode: 0, Output: "" }, outcome.ToString());
        Assert.Contains("migration-cni", outcome.Errors);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods"} trailing""")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"name\":\"\\ud800\"}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"name\":\"pods\",\"prevResult\":{\"a\":}}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"name\":\"pods\",\"prevResult\":{}")]
    [InlineData("\u0000")]
    [InlineData("\ufeff{}")]
    public async Task What_is_no_json_object_is_a_decoding_error(string input) => AssertError(await RunAsync("ADD", input, Pod(VirtualMachine)), 6, "standard input");

    [Fact]
    public async Task Endless_input_is_refused()
    {
        var outcome = await RunAsync("ADD", "{\"name\":\"" + new string('x', 5 * 1024 * 1024) + "\"}", Pod(VirtualMachine));

        AssertError(outcome, 6, "longer than");
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    public async Task What_is_nested_without_end_is_refused(string nesting) =>
        AssertError(await RunAsync("ADD", "{\"prevResult\":" + string.Concat(Enumerable.Repeat(nesting, 100_000)), Pod(VirtualMachine)), nesting == "[" ? 7 : 6, "");

    [Fact]
    public async Task A_list_for_gc_may_be_as_long_as_a_big_nodes_history()
    {
        await using var node = await TestNode.StartAsync();
        var configuration = Configuration(node, "1.1.0", previous: null);
        configuration["cni.dev/valid-attachments"] = new JsonArray(
            [.. Enumerable.Range(0, 20_000).Select(i => (JsonNode)new JsonObject { ["containerID"] = $"{i:x64}", ["ifname"] = "eth0" })]);

        var outcome = await RunAsync("GC", configuration, new() { ["CNI_PATH"] = "/opt/cni/bin" });

        Assert.True(outcome is { ExitCode: 0, Output: "" }, outcome.ToString());
        Assert.Equal(20_000, node.Answers.Requests.OfType<CollectRequest>().Single().Valid.Count);
    }

    [Fact]
    public async Task Gc_without_node_is_for_later()
    {
        // The runtime comes again with a list that is true then; a list that is kept would grow old.
        await using var node = TestNode.Absent();

        AssertError(await RunAsync("GC", Configuration(node, "1.1.0", previous: null), new() { ["CNI_PATH"] = "/opt/cni/bin" }), 11, node.Socket);
        Assert.Empty(Directory.EnumerateFileSystemEntries(node.Folder));
    }

    [Fact]
    public async Task A_socket_path_that_no_socket_can_have_is_refused_by_name() => AssertError(
        await RunAsync("ADD", $$"""{"cniVersion":"1.0.0","name":"pods","nodeSocket":"/{{new string('x', 107)}}"}""", Pod(VirtualMachine)), 7, "is longer than 107 bytes");

    [Fact]
    public async Task Attachments_whose_names_run_together_are_journalled_apart()
    {
        await using var node = TestNode.Absent();
        foreach (var (container, link) in new[] { ("a-b", "c"), ("a", "b-c"), ("a", "b-c") })
        {
            var outcome = await RunAsync("DEL", Configuration(node, "1.0.0", Result("1.0.0")), new(Pod(VirtualMachine)) { ["CNI_CONTAINERID"] = container, ["CNI_IFNAME"] = link });
            Assert.True(outcome.ExitCode == 0, outcome.ToString());
        }
        Assert.Equal(["pods:a-b:c.json", "pods:a:b-c.json"], Directory.EnumerateFileSystemEntries(node.Journal).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"cniVersion":"1.0.0"}""", 7, "missing network name")]
    [InlineData("""{"cniVersion":"1.0.0","name":"a b"}""", 7, "invalid network name \"a b\"")]
    [InlineData("""{"cniVersion":"1.0.0","name":7}""", 7, "name is not a string")]
    [InlineData("""{"cniVersion":"9.9.9","name":"pods"}""", 1, "\"9.9.9\"")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","nodeSocket":"node.sock"}""", 7, "nodeSocket \"node.sock\"")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","timeoutSeconds":0}""", 7, "timeoutSeconds 0")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","timeoutSeconds":"x"}""", 7, "timeoutSeconds is not a whole number")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","timeoutSeconds":121}""", 7, "timeoutSeconds 121")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","timeoutSeconds":1.5}""", 7, "timeoutSeconds is not a whole number")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","timeoutSeconds":99999999999}""", 7, "timeoutSeconds is not a whole number")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","nodeSocket":["/x"]}""", 7, "nodeSocket is not a string")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","nodeSocket":"/run/a\u0000b"}""", 7, "nodeSocket")]
    [InlineData("""{"cniVersion":1.0,"name":"pods"}""", 7, "cniVersion is not a string")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","prevResult":[]}""", 7, "prevResult is not an object")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","prevResult":"x"}""", 7, "prevResult is not an object")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","prevResult":{},"prevResult":{}}""", 7, "prevResult is there twice")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","nodeSocket":"/a","nodeSocket":"/b"}""", 7, "nodeSocket is there twice")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","runtimeConfig":[]}""", 7, "runtimeConfig is not an object")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","runtimeConfig":{"io.kubernetes.cri.pod-annotations":"x"}}""", 7, "io.kubernetes.cri.pod-annotations is not an object")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"a":1}}}""", 7, "annotation a is not a string")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","cni.dev/valid-attachments":{}}""", 7, "cni.dev/valid-attachments is not an array")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","cni.dev/valid-attachments":[{"ifname":"eth0"}]}""", 7, "cni.dev/valid-attachments has an entry without containerID")]
    [InlineData("""{"cniVersion":"1.0.0","name":"pods","cni.dev/valid-attachments":[7]}""", 7, "cni.dev/valid-attachments is not an object")]
    public async Task A_configuration_that_cannot_be_is_refused_by_name(string input, int code, string message) =>
        AssertError(await RunAsync("ADD", input, Pod(VirtualMachine)), code, message);

    [Fact]
    public async Task A_configuration_without_version_is_of_the_first()
    {
        var outcome = await PluginProgram.RunAsync(Environment("ADD", Pod(Other)), """{"name":"pods","prevResult":{"ip4":{"ip":"10.0.0.2/24"}}}""");

        Assert.Equal("""{"cniVersion":"0.1.0","ip4":{"ip":"10.0.0.2/24"}}""", outcome.Output);
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, 7)]
    [InlineData(StatusCode.FailedPrecondition, 109)]
    [InlineData(StatusCode.NotFound, 105)]
    [InlineData(StatusCode.Internal, 113)]
    public async Task The_nodes_refusal_is_passed_on_with_its_words(StatusCode status, int code)
    {
        await using var node = await TestNode.StartAsync();
        node.Answers.Before = _ => throw new RpcException(new Status(status, "eth0 is an ipvlan: \"choose\" another network"));

        var outcome = await RunAsync("ADD", Configuration(node, "1.0.0", Result("1.0.0")), Pod(VirtualMachine));

        AssertError(outcome, code, "eth0 is an ipvlan: \"choose\" another network");
        Assert.Equal("1.0.0", (string?)outcome.Json["cniVersion"]);
        Assert.Single(node.Answers.Requests);
    }

    [Fact]
    public async Task A_delegates_error_is_passed_on_as_its_own()
    {
        await using var node = await TestNode.StartAsync();
        var trailers = new Metadata { { "cni-code", "117" }, { "cni-message-bin", "kein Anschluß"u8.ToArray() }, { "cni-details-bin", "rack 7"u8.ToArray() } };
        node.Answers.Before = _ => throw new RpcException(new Status(StatusCode.FailedPrecondition, "network default/blue, interface blue: code 117: kein Anschluß; rack 7"), trailers);

        var outcome = await RunAsync("ADD", Configuration(node, "1.0.0", Result("1.0.0")), Pod(VirtualMachine));

        AssertError(outcome, 117, "kein Anschluß");
        Assert.Equal("network default/blue, interface blue: code 117: kein Anschluß; rack 7", (string?)outcome.Json["details"]);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Aborted)]
    public async Task What_may_pass_is_asked_again(StatusCode status)
    {
        await using var node = await TestNode.StartAsync();
        node.Answers.Before = _ => node.Answers.Requests.Count < 3 ? throw new RpcException(new Status(status, "later")) : Task.CompletedTask;

        var outcome = await RunAsync("ADD", Configuration(node, "1.0.0", Result("1.0.0")), Pod(VirtualMachine));

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal(3, node.Answers.Requests.Count);
    }

    [Fact]
    public async Task What_does_not_pass_in_time_is_for_later_with_the_nodes_words()
    {
        await using var node = await TestNode.StartAsync();
        node.Answers.Before = _ => throw new RpcException(new Status(StatusCode.Unavailable, "no plan for pod 6f1e"));

        AssertError(await RunAsync("ADD", Configuration(node, "1.0.0", Result("1.0.0"), timeout: 1), Pod(VirtualMachine)), 11, "no plan for pod 6f1e");
    }

    [Fact]
    public async Task A_node_that_comes_up_in_time_is_waited_for()
    {
        await using var place = TestNode.Absent();
        var running = RunAsync("ADD", Configuration(place, "1.0.0", Result("1.0.0"), timeout: 30), Pod(VirtualMachine));
        await using var node = await place.ComeUpAsync();

        var outcome = await running;

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.IsType<AttachRequest>(Assert.Single(node.Answers.Requests));
    }

    [Theory]
    [InlineData("ADD")]
    [InlineData("CHECK")]
    public async Task A_node_that_stays_away_is_for_later(string command)
    {
        await using var node = TestNode.Absent();

        var outcome = await RunAsync(command, Configuration(node, "1.0.0", Result("1.0.0"), timeout: 1), Pod(VirtualMachine));

        AssertError(outcome, 11, node.Socket);
        Assert.Equal("there is no such socket", (string?)outcome.Json["details"]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(node.Folder));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_for_later()
    {
        await using var node = await TestNode.StartAsync();
        node.Answers.Before = context => Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);

        AssertError(await RunAsync("ADD", Configuration(node, "1.0.0", Result("1.0.0"), timeout: 1), Pod(VirtualMachine)), 11, "within 1 s");
    }

    [Fact]
    public async Task Del_without_node_succeeds_and_is_journalled()
    {
        await using var node = TestNode.Absent();

        var outcome = await RunAsync("DEL", Configuration(node, "1.0.0", Result("1.0.0")), Pod(VirtualMachine));

        Assert.True(outcome is { ExitCode: 0, Output: "", Errors: "" }, outcome.ToString());
        var file = Assert.Single(Directory.EnumerateFileSystemEntries(node.Journal));
        Assert.Equal("pods:c0ffee:eth0.json", Path.GetFileName(file));
        var expected = new JsonObject { ["network"] = "pods", ["containerId"] = "c0ffee", ["interface"] = "eth0", ["netns"] = "/var/run/netns/cni-1" };
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(await File.ReadAllTextAsync(file))));
    }

    [Fact]
    public async Task Del_is_journalled_when_a_socket_is_there_and_nobody_behind_it()
    {
        await using var place = TestNode.Absent();
        using (var dead = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
            dead.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(place.Socket));

        for (var times = 0; times < 2; times++)
        {
            var outcome = await RunAsync("DEL", Configuration(place, "1.0.0", Result("1.0.0")), Pod(VirtualMachine));
            Assert.True(outcome.ExitCode == 0, outcome.ToString());
        }
        Assert.Single(Directory.EnumerateFileSystemEntries(place.Journal));
    }

    [Fact]
    public async Task Del_that_a_living_node_refuses_is_not_called_done()
    {
        // Journalled, it would wait for a restart that nobody plans; refused, the runtime comes again.
        await using var node = await TestNode.StartAsync();
        node.Answers.Before = _ => throw new RpcException(new Status(StatusCode.Unavailable, "stopping"));

        AssertError(await RunAsync("DEL", Configuration(node, "1.0.0", Result("1.0.0"), timeout: 1), Pod(VirtualMachine)), 11, "stopping");
        Assert.False(Directory.Exists(node.Journal));
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_is_an_error()
    {
        await using var node = TestNode.Absent();
        await File.WriteAllTextAsync(node.Journal, "a file where the folder should be");

        AssertError(await RunAsync("DEL", Configuration(node, "1.0.0", Result("1.0.0")), Pod(VirtualMachine)), 5, node.Journal);
    }

    [Fact]
    public async Task Status_says_whether_add_can_be_served()
    {
        await using var absent = TestNode.Absent();
        AssertError(await RunAsync("STATUS", Configuration(absent, "1.1.0", previous: null), []), 50, absent.Socket);

        await using var node = await TestNode.StartAsync();
        node.Answers.StatusResponse = new StatusResponse { Ready = false, Reason = "reading the state of 100 machines" };
        var outcome = await RunAsync("STATUS", Configuration(node, "1.1.0", previous: null), []);
        AssertError(outcome, 50, "not ready");
        Assert.Equal("reading the state of 100 machines", (string?)outcome.Json["details"]);
        node.Answers.StatusResponse = new StatusResponse { Ready = false, Reason = "no room for records", ExistingLimited = true };
        AssertError(await RunAsync("STATUS", Configuration(node, "1.1.0", previous: null), []), 51, "not ready");
    }

    private static void AssertError(PluginProgram.Outcome outcome, int code, string message)
    {
        Assert.True(outcome.ExitCode != 0, outcome.ToString());
        Assert.True(code == outcome.Code, outcome.ToString());
        Assert.Contains(message, outcome.Message);
    }

    private static Task<PluginProgram.Outcome> RunAsync(string command, JsonObject configuration, Dictionary<string, string> environment) =>
        RunAsync(command, configuration.ToJsonString(), environment);

    private static Task<PluginProgram.Outcome> RunAsync(string command, string input, Dictionary<string, string> environment) =>
        PluginProgram.RunAsync(Environment(command, environment), input);

    private static Dictionary<string, string> Environment(string command, Dictionary<string, string> others) => new(others) { ["CNI_COMMAND"] = command };

    private static Dictionary<string, string> Pod(string name) => new()
    {
        ["CNI_CONTAINERID"] = "c0ffee",
        ["CNI_NETNS"] = "/var/run/netns/cni-1",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = "/opt/cni/bin",
        ["CNI_ARGS"] = $"K8S_POD_NAMESPACE=default;K8S_POD_NAME={name};K8S_POD_INFRA_CONTAINER_ID=c0ffee;K8S_POD_UID=6f1e;IgnoreUnknown=1",
    };

    private static JsonObject Configuration(TestNode node, string version, JsonObject? previous, int timeout = 10)
    {
        var configuration = new JsonObject
        {
            ["cniVersion"] = version,
            ["name"] = "pods",
            ["type"] = "migration-cni",
            ["nodeSocket"] = node.Socket,
            ["timeoutSeconds"] = timeout,
            ["capabilities"] = new JsonObject { ["io.kubernetes.cri.pod-annotations"] = true },
            ["runtimeConfig"] = new JsonObject
            {
                ["io.kubernetes.cri.pod-annotations"] = new JsonObject { ["kubevirt.io/domain"] = "vm", ["migration.internal/plan"] = "{\"a\": \"ü\"}" },
                ["portMappings"] = new JsonArray(),
            },
            ["unknown"] = new JsonObject { ["prevResult"] = new JsonObject() },
        };
        if (previous is not null) configuration["prevResult"] = previous.DeepClone();
        return configuration;
    }

    // In the shape of the specification's version.
    private static JsonObject Result(string version)
    {
        var result = new JsonObject { ["cniVersion"] = version };
        if (version is "0.1.0" or "0.2.0")
        {
            result["ip4"] = new JsonObject { ["ip"] = "10.244.1.5/24", ["gateway"] = "10.244.1.1", ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }) };
            return result;
        }
        var link = new JsonObject { ["name"] = "eth0", ["mac"] = "02:00:0a:f4:01:05", ["sandbox"] = "/var/run/netns/cni-1" };
        var address = new JsonObject { ["interface"] = 0, ["address"] = "10.244.1.5/24", ["gateway"] = "10.244.1.1" };
        if (version is "0.3.0" or "0.3.1" or "0.4.0") address["version"] = "4";
        if (version == "1.1.0") link["mtu"] = 1450;
        result["interfaces"] = new JsonArray(link);
        result["ips"] = new JsonArray(address);
        result["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0", ["gw"] = "10.244.1.1" });
        result["dns"] = new JsonObject { ["nameservers"] = new JsonArray("10.96.0.10") };
        return result;
    }
}
