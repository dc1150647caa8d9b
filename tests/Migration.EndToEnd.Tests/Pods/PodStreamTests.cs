using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Migration.Local.Cluster;
using Migration.Testing;

namespace Migration.EndToEnd.Tests.Pods;

/// <summary>kubectl exec, attach, port-forward and logs, with what can go wrong.</summary>
[Collection(nameof(PodsCollection))]
public sealed class PodStreamTests(PodsCluster cluster)
{
    private const string Shells = """
        apiVersion: v1
        kind: Pod
        metadata: {name: a}
        spec:
          terminationGracePeriodSeconds: 0
          containers:
          - name: talker
            image: busybox
            stdin: true
            command: [sh, -c, 'echo ready; while read line; do echo "heard $line"; done; sleep infinity']
          - name: other
            image: busybox
            command: [sleep, infinity]
        """;

    [Fact]
    public async Task Exec_passes_streams_exit_codes_and_the_container_s_own_view_on()
    {
        var space = await RunningAsync();

        var ended = await space.SendAsync("", "exec", "a", "-c", "other", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal(7, ended.Code);
        Assert.Equal("out\n", ended.Output);
        Assert.StartsWith("err\n", ended.Errors, StringComparison.Ordinal);

        var text = RandomNumberGenerator.GetHexString(300_000);
        var echoed = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => space.SendAsync(text, "exec", "-i", "a", "-c", "other", "--", "cat")));
        Assert.All(echoed, one => Assert.Equal(text, one.Output));

        var address = await space.RunAsync("get", "pod", "a", "-o", "jsonpath={.status.podIP}");
        Assert.Contains($"inet {address}/", await space.RunAsync("exec", "a", "-c", "other", "--", "ip", "addr", "show", "eth0"), StringComparison.Ordinal);
        Assert.Contains("busybox", await space.RunAsync("exec", "a", "-c", "other", "--", "ls", "/run/image"), StringComparison.Ordinal);
        var missing = await space.SendAsync("", "exec", "a", "-c", "third", "--", "true");
        Assert.Contains("container third is not valid for pod a", missing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_has_a_size_and_ends_with_its_command()
    {
        var space = await RunningAsync();

        // script(1) is the user's terminal; the size is told when kubectl asks for it.
        var output = await Shell.RunAsync("script", "-qec",
            $"stty rows 33 cols 101; kubectl --kubeconfig {space.Kubeconfig} -n {space.Name} exec -it a -c other -- sh -c 'until [ \"$(stty size)\" = \"33 101\" ]; do sleep 0.1; done; tty; exit 5'; echo code $?",
            "/dev/null");

        Assert.Contains("/dev/pts/", output, StringComparison.Ordinal);
        Assert.Contains("code 5", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_leaves_takes_his_command_along()
    {
        var space = await RunningAsync();
        var mark = $"8{RandomNumberGenerator.GetInt32(1_000_000, 9_999_999)}";
        using var kubectl = space.Start("exec", "a", "-c", "other", "--", "sleep", mark);
        await Eventually.UntilAsync("the command runs", PodsCluster.Patience, TimeProvider.System, _ => Task.FromResult(IsRunning(mark)), TestContext.Current.CancellationToken);

        kubectl.Kill();

        await Eventually.UntilAsync("the command ends with its client", PodsCluster.Patience, TimeProvider.System, _ => Task.FromResult(!IsRunning(mark)), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Attach_hears_and_tells_and_logs_know_when()
    {
        var space = await RunningAsync();
        using var attached = space.Start("attach", "-i", "a", "-c", "talker");
        attached.StandardInput.AutoFlush = true;
        await attached.StandardInput.WriteLineAsync("one");
        Assert.Equal("heard one", await attached.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(PodsCluster.Patience));
        attached.Kill();

        var lines = (await space.RunAsync("logs", "a", "-c", "talker", "--timestamps")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["ready", "heard one"], lines.Select(line => line[(line.IndexOf(' ') + 1)..]));
        var times = lines.Select(line => DateTimeOffset.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)).ToList();
        Assert.True(times[0] < times[1], string.Join('\n', lines));
        // kubectl passes whole seconds on.
        Assert.Equal("", await space.RunAsync("logs", "a", "-c", "talker", $"--since-time={times[1].AddSeconds(1):yyyy-MM-dd'T'HH:mm:ss}Z"));
        Assert.Equal("ready\nheard one\n", await space.RunAsync("logs", "a", "-c", "talker", $"--since-time={times[0].AddSeconds(-1):yyyy-MM-dd'T'HH:mm:ss}Z"));
        Assert.Equal("heard one\n", await space.RunAsync("logs", "a", "-c", "talker", "--tail=1"));
    }

    [Fact]
    public async Task Port_forward_reaches_the_pod_s_own_loopback_and_says_what_it_cannot_reach()
    {
        var space = await RunningAsync();
        var folder = Directory.CreateTempSubdirectory("pods-").FullName;
        var content = RandomNumberGenerator.GetHexString(200_000);
        await File.WriteAllTextAsync(Path.Combine(folder, "index.html"), content, TestContext.Current.CancellationToken);
        using var server = space.Start("exec", "a", "-c", "other", "--", "busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", folder);
        await space.UntilAsync("the server listens", listening => listening.Contains(":8080", StringComparison.Ordinal), "exec", "a", "-c", "other", "--", "ss", "-ltn");

        using var forward = space.Start("port-forward", "pod/a", ":8080", ":81");
        var (port, closed) = (await PortAsync(forward, 8080), await PortAsync(forward, 81));
        using (var http = new HttpClient { Timeout = PodsCluster.Patience })
        {
            // One after the other, then several at once.
            Assert.Equal(content, await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), TestContext.Current.CancellationToken));
            var all = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), TestContext.Current.CancellationToken)));
            Assert.All(all, one => Assert.Equal(content, one));
        }

        using (var refused = new TcpClient())
        {
            await refused.ConnectAsync("127.0.0.1", closed, TestContext.Current.CancellationToken);
            var said = await forward.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(PodsCluster.Patience);
            Assert.Contains($"error forwarding port 81 to pod {space.Name}/a: Connection refused", said, StringComparison.Ordinal);
        }

        server.Kill();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Nonsense_on_a_connection_ends_that_connection_only()
    {
        var space = await RunningAsync();
        foreach (var nonsense in new[] { "", "GET / HTTP/1.1\r\n\r\n", "\u0080\u0003\0\u0001\0ÿÿÿ" })
        {
            using var session = await RawSession.OpenAsync(space.Kubeconfig,
                $"/api/v1/namespaces/{space.Name}/pods/a/portforward", "SPDY/3.1+portforward.k8s.io", TestContext.Current.CancellationToken);
            await session.SendAsync(Encoding.Latin1.GetBytes(nonsense), TestContext.Current.CancellationToken);
        }

        using (var half = await RawSession.OpenAsync(space.Kubeconfig,
            $"/api/v1/namespaces/{space.Name}/pods/a/exec?container=other&command=cat&stdin=true&stdout=true", "v5.channel.k8s.io", TestContext.Current.CancellationToken))
        {
            await half.SendAsync([9, 9, 9], TestContext.Current.CancellationToken);
            await half.SendAsync([4, .. "{\"Width\":-1}"u8], TestContext.Current.CancellationToken);
            await half.SendAsync([0, .. "still here"u8], TestContext.Current.CancellationToken);
            Assert.Equal("\u0001still here", Encoding.Latin1.GetString(await half.ReceiveAsync(TestContext.Current.CancellationToken)));
        }

        Assert.Equal("fine\n", await space.RunAsync("exec", "a", "-c", "other", "--", "echo", "fine"));
    }

    private async Task<KubectlSpace> RunningAsync()
    {
        var space = await cluster.NewSpaceAsync();
        await space.ApplyAsync(Shells);
        await space.WaitAsync("pod/a", "condition=Ready");
        await space.UntilAsync("the talker is ready", log => log.Contains("ready", StringComparison.Ordinal), "logs", "a", "-c", "talker");
        return space;
    }

    /// <summary>From a line like "Forwarding from 127.0.0.1:41234 -> 8080".</summary>
    private static async Task<int> PortAsync(System.Diagnostics.Process forward, int target)
    {
        while (await forward.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(PodsCluster.Patience) is { } line)
        {
            if (line.StartsWith("Forwarding from 127.0.0.1:", StringComparison.Ordinal) && line.EndsWith($" {target}", StringComparison.Ordinal))
                return int.Parse(line.Split(':')[1].Split(' ')[0], CultureInfo.InvariantCulture);
        }

        throw new InvalidOperationException($"kubectl port-forward ended: {await forward.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)}");
    }

    private static bool IsRunning(string mark) => Directory.EnumerateDirectories("/proc").Any(folder => CommandOf(folder) == $"sleep\0{mark}\0");

    private static string CommandOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
