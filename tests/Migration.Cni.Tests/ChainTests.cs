using System.Diagnostics;
using System.Text.Json.Nodes;
using Migration.Protos;
using Migration.Testing;

namespace Migration.Cni.Tests;

/// <summary>Behind Debian's reference plugins, bridge with host-local, in namespaces: what they check and remove is what they made.</summary>
public sealed class ChainTests
{
    private const string Plugins = "/usr/lib/cni";

    [Theory]
    [InlineData("virt-launcher-vm-x7k2p", "0.4.0")]
    [InlineData("virt-launcher-vm-x7k2p", "1.0.0")]
    [InlineData("web-5d9c7", "1.0.0")]
    public async Task The_chain_is_added_checked_and_leaves_nothing(string pod, string version)
    {
        using var host = TestNamespace.Create("host");
        using var sandbox = TestNamespace.Create("pod");
        await using var node = await TestNode.StartAsync();
        var addresses = Path.Combine(node.Folder, "addresses");
        var chain = new Chain(host, sandbox, pod, version);
        JsonObject bridge = Bridge(addresses), ours = new() { ["type"] = "migration-cni", ["nodeSocket"] = node.Socket };

        var first = await chain.RunAsync("ADD", bridge, null);
        var final = await chain.RunAsync("ADD", ours, first);

        Assert.True(JsonNode.DeepEquals(first, final), $"{first}\n{final}");
        Assert.Equal((string?)first!["ips"]![0]!["address"], await AddressAsync(sandbox));
        await chain.RunAsync("CHECK", bridge, final);
        await chain.RunAsync("CHECK", ours, final);
        await chain.RunAsync("DEL", ours, final);
        await chain.RunAsync("DEL", bridge, final);
        await chain.RunAsync("DEL", ours, final);

        Assert.DoesNotContain(Directory.EnumerateFiles(addresses, "*", SearchOption.AllDirectories), f => Path.GetFileName(f).StartsWith("10.", StringComparison.Ordinal));
        Assert.Null(await AddressAsync(sandbox));
        Assert.Equal(["lo", "mcni0"], (await host.IpJsonAsync("link show")).EnumerateArray().Select(l => l.GetProperty("ifname").GetString()));
        Assert.Equal(pod.StartsWith("virt-", StringComparison.Ordinal) ? [typeof(AttachRequest), typeof(CheckRequest), typeof(DetachRequest), typeof(DetachRequest)] : [],
            node.Answers.Requests.Select(r => r.GetType()));
    }

    private static JsonObject Bridge(string addresses) => new()
    {
        ["type"] = "bridge",
        ["bridge"] = "mcni0",
        ["isGateway"] = true,
        ["ipam"] = new JsonObject
        {
            ["type"] = "host-local",
            ["dataDir"] = addresses,
            ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = "10.244.77.0/24" })),
            ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }),
        },
    };

    private static async Task<string?> AddressAsync(TestNamespace sandbox)
    {
        foreach (var link in (await sandbox.IpJsonAsync("-4 addr show")).EnumerateArray())
        {
            if (link.GetProperty("ifname").GetString() != "eth0") continue;
            var address = link.GetProperty("addr_info")[0];
            return $"{address.GetProperty("local").GetString()}/{address.GetProperty("prefixlen").GetInt32()}";
        }
        return null;
    }

    /// <summary>One container's plugins, executed in the host's namespace as a runtime does.</summary>
    private sealed class Chain(TestNamespace host, TestNamespace sandbox, string pod, string version)
    {
        public async Task<JsonObject?> RunAsync(string command, JsonObject plugin, JsonObject? previous)
        {
            var input = plugin.DeepClone().AsObject();
            input["cniVersion"] = version;
            input["name"] = "pods";
            if (previous is not null) input["prevResult"] = previous.DeepClone();
            var type = (string)plugin["type"]!;
            var program = type == "migration-cni" ? PluginProgram.Path : Path.Combine(Plugins, type);
            var start = new ProcessStartInfo("ip", ["netns", "exec", host.Name, program])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
                Environment =
                {
                    ["CNI_COMMAND"] = command, ["CNI_CONTAINERID"] = "c0ffee", ["CNI_NETNS"] = sandbox.Path, ["CNI_IFNAME"] = "eth0", ["CNI_PATH"] = Plugins,
                    ["CNI_ARGS"] = $"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod};K8S_POD_UID=6f1e;IgnoreUnknown=1",
                },
            };
            using var process = Process.Start(start)!;
            using var limit = new CancellationTokenSource(Shell.Limit);
            using var kill = limit.Token.Register(() => process.Kill(entireProcessTree: true));
            await process.StandardInput.WriteAsync(input.ToJsonString());
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{type} {command}: exit code {process.ExitCode}\n{output}\n{await errors}");
            return output.Length == 0 ? null : JsonNode.Parse(output)!.AsObject();
        }
    }
}
