
namespace Migration.EndToEnd.Tests.Pods;

/// <summary>Services and names as pods use them, judged by nft and by traffic.</summary>
[Collection(nameof(PodsCollection))]
public sealed class ServiceTests(PodsCluster cluster)
{
    private const string Webs = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          type: NodePort
          ipFamilyPolicy: PreferDualStack
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: http}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: each}
        spec:
          clusterIP: None
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: http}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: nobody}
        spec:
          selector: {app: nobody}
          ports: [{port: 80}]
        """;

    [Fact]
    public async Task A_service_spreads_over_its_ready_pods_by_name_and_refuses_when_there_are_none()
    {
        var space = await cluster.NewSpaceAsync();
        await space.ApplyAsync(Webs);
        foreach (var (name, node) in new[] { ("one", "node1"), ("two", "node2") })
            await space.ApplyAsync(Web(name, node));
        await space.ApplyAsync(Client("here", "node1"));
        await space.ApplyAsync(Client("there", "node2"));
        await space.RunAsync("wait", "--for=condition=Ready", "--timeout=50s", "pod", "--all");

        foreach (var client in new[] { "here", "there" })
        {
            // What asks before the rules have come to its node asks nobody: a connection that was sent out without them never gets an answer.
            await space.UntilAsync("the rules are there", text => text.Length > 0, "exec", client, "--", "bash", "-c", Get("web"));
            var seen = await space.UntilAsync("both answer", text => text.Contains("one", StringComparison.Ordinal) && text.Contains("two", StringComparison.Ordinal),
                "exec", client, "--", "bash", "-c", $"for i in 1 2 3 4 5 6 7 8 9 10 11 12; do {Get("web")} || echo failed; done");
            Assert.DoesNotContain("failed", seen, StringComparison.Ordinal);
        }

        var ipv6 = await space.RunAsync("get", "service", "web", "-o", "jsonpath={.spec.clusterIPs[1]}");
        Assert.Matches("one|two", await space.RunAsync("exec", "here", "--", "bash", "-c", Get(ipv6)));
        var port = await space.RunAsync("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}");
        Assert.Matches("one|two", await space.RunAsync("exec", "here", "--", "bash", "-c", Get("10.77.0.12", port)));
        var refused = await space.SendAsync("", "exec", "here", "--", "bash", "-c", Get("nobody"));
        Assert.Contains("Connection refused", refused.Errors, StringComparison.Ordinal);

        // A pod that asks for itself by the service's address is answered, too.
        await space.RunAsync("delete", "pod", "two", "--now");
        await space.UntilAsync("only one is left", text => !text.Contains(' ', StringComparison.Ordinal) && text.Length > 0, "get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o", "jsonpath={.items[0].endpoints[*].addresses[0]}");
        Assert.Equal("one\n", await space.UntilAsync("the rules follow", text => text.Length > 0, "exec", "one", "--", "bash", "-c", Get("web")));
        Assert.Contains("10.244.", await space.RunAsync("get", "endpoints", "web"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_lead_to_services_pods_ports_and_back()
    {
        var space = await cluster.NewSpaceAsync();
        await space.ApplyAsync(Webs);
        await space.ApplyAsync(Web("one", "node1"));
        await space.ApplyAsync(Client("asker", "node2"));
        await space.RunAsync("wait", "--for=condition=Ready", "--timeout=50s", "pod", "--all");
        var address = await space.RunAsync("get", "pod", "one", "-o", "jsonpath={.status.podIP}");
        var service = await space.RunAsync("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");

        Assert.Contains($"search {space.Name}.svc.cluster.local svc.cluster.local cluster.local", await space.RunAsync("exec", "asker", "--", "cat", "/etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Contains(service, await space.RunAsync("exec", "asker", "--", "getent", "ahostsv4", "web"), StringComparison.Ordinal);
        await space.UntilAsync("the headless service has its pod", text => text.Contains(address, StringComparison.Ordinal), "exec", "asker", "--", "getent", "ahosts", "each");
        Assert.Contains(address, await AskAsync($"one.each.{space.Name}.svc"), StringComparison.Ordinal);
        Assert.Contains(address, await AskAsync($"{address.Replace('.', '-')}.{space.Name}.pod.cluster.local"), StringComparison.Ordinal);
        Assert.Contains($"web.{space.Name}.svc.cluster.local", await AskAsync(service), StringComparison.Ordinal);
        Assert.Contains("10.96.0.1 ", await AskAsync("kubernetes.default"), StringComparison.Ordinal);
        var nothing = await space.SendAsync("", "exec", "asker", "--", "getent", "hosts", "nothing.of.that.name.cluster.local");
        Assert.Equal(2, nothing.Code);

        Task<string> AskAsync(string name) => space.RunAsync("exec", "asker", "--", "getent", "hosts", name);
    }

    /// <summary>HTTP by bash, which every machine has: the answer's last line.</summary>
    private static string Get(string host, string port = "80") => $"timeout 10 bash -c \"exec 3<>/dev/tcp/{host}/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n1 <&3\"";

    private static string Web(string name, string node) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: web} }
        spec:
          nodeName: {{node}}
          hostname: {{name}}
          subdomain: each
          terminationGracePeriodSeconds: 0
          containers:
          - name: web
            image: busybox
            command: [sh, -c, 'mkdir -p /run/www; echo {{name}} > /run/www/index.html; exec busybox httpd -f -p "[::]:8080" -h /run/www']
            ports: [{name: http, containerPort: 8080}]
            readinessProbe: {tcpSocket: {port: http}, periodSeconds: 1}
        """;

    private static string Client(string name, string node) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}} }
        spec:
          nodeName: {{node}}
          terminationGracePeriodSeconds: 0
          containers: [{name: c, image: busybox, command: [sleep, infinity]}]
        """;
}
