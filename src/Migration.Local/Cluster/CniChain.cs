using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.Cluster;

/// <summary>What a runtime tells the plugins about one pod.</summary>
public sealed record CniPod(string Namespace, string Name, string Uid, string Sandbox, string NetworkNamespace)
{
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Arguments of further capabilities, each for the plugins that declare it: portMappings, bandwidth.</summary>
    public JsonObject Capabilities { get; init; } = [];
}

/// <summary>
/// Runs a configuration list as containerd does: ADD first to last, DEL last to first with the final result, the
/// arguments and the pod-annotations capability of CRI. The result of ADD is kept on disk until DEL has succeeded.
/// </summary>
public sealed class CniChain(JsonObject list, IReadOnlyList<string> pluginPath, string pluginNamespace, string resultDirectory)
{
    private const string InterfaceName = "eth0";
    private const string AnnotationsCapability = "io.kubernetes.cri.pod-annotations";

    private string NetworkName => (string)list["name"]!;

    public static CniChain Load(NodePaths node, IReadOnlyList<string> pluginPath) =>
        new(JsonNode.Parse(File.ReadAllText(node.CniConfiguration))!.AsObject(), pluginPath, node.Namespace, node.CniResults);

    /// <summary>Attaches the pod and answers with the final result; a failed ADD is undone first.</summary>
    public async Task<JsonObject> AddAsync(CniPod pod, CancellationToken ct)
    {
        Directory.CreateDirectory(resultDirectory);
        try
        {
            JsonObject? result = null;
            foreach (var plugin in Plugins())
                result = await ExecuteAsync("ADD", plugin, pod, result, ct) ?? throw new CniException(TypeOf(plugin), "ADD", 999, "no result");
            await File.WriteAllTextAsync(ResultFile(pod), result!.ToJsonString(), ct);
            return result;
        }
        catch
        {
            // Must finish whoever gave up: a half-attached pod would leak its address.
            await DeleteAsync(pod, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Lets every plugin compare the pod with the final result.</summary>
    public async Task CheckAsync(CniPod pod, CancellationToken ct)
    {
        var result = JsonNode.Parse(await File.ReadAllTextAsync(ResultFile(pod), ct))!.AsObject();
        foreach (var plugin in Plugins())
            await ExecuteAsync("CHECK", plugin, pod, result, ct);
    }

    public async Task DeleteAsync(CniPod pod, CancellationToken ct)
    {
        var result = File.Exists(ResultFile(pod)) ? JsonNode.Parse(await File.ReadAllTextAsync(ResultFile(pod), ct))!.AsObject() : null;
        foreach (var plugin in Plugins().Reverse())
            await ExecuteAsync("DEL", plugin, pod, result, ct);
        File.Delete(ResultFile(pod));
    }

    private IEnumerable<JsonObject> Plugins() => list["plugins"]!.AsArray().Select(plugin => plugin!.AsObject());

    private string ResultFile(CniPod pod) => Path.Combine(resultDirectory, $"{NetworkName}-{pod.Sandbox}-{InterfaceName}");

    private async Task<JsonObject?> ExecuteAsync(string command, JsonObject plugin, CniPod pod, JsonObject? previous, CancellationToken ct)
    {
        using var process = Process.Start(StartInfo(command, plugin, pod))!;
        await process.StandardInput.WriteAsync(Input(plugin, pod, previous).ToJsonString());
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        await Task.WhenAll(output, errors);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0
            ? Parse(await output)
            : throw Refused(command, plugin, Parse(await output), await errors, process.ExitCode);
    }

    private ProcessStartInfo StartInfo(string command, JsonObject plugin, CniPod pod)
    {
        var info = new ProcessStartInfo("nsenter") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add($"--net={pluginNamespace}");
        info.ArgumentList.Add("--");
        info.ArgumentList.Add(Find(TypeOf(plugin)));
        info.Environment["CNI_COMMAND"] = command;
        info.Environment["CNI_CONTAINERID"] = pod.Sandbox;
        info.Environment["CNI_NETNS"] = pod.NetworkNamespace;
        info.Environment["CNI_IFNAME"] = InterfaceName;
        info.Environment["CNI_PATH"] = string.Join(':', pluginPath);
        info.Environment["CNI_ARGS"] =
            $"K8S_POD_NAMESPACE={pod.Namespace};K8S_POD_NAME={pod.Name};K8S_POD_INFRA_CONTAINER_ID={pod.Sandbox};K8S_POD_UID={pod.Uid};IgnoreUnknown=1";
        return info;
    }

    private string Find(string type) =>
        pluginPath.Select(folder => Path.Combine(folder, type)).FirstOrDefault(File.Exists)
        ?? throw new CniException(type, "exec", 999, $"no such plugin in {string.Join(':', pluginPath)}");

    private JsonObject Input(JsonObject plugin, CniPod pod, JsonObject? previous)
    {
        var input = plugin.DeepClone().AsObject();
        input["cniVersion"] = list["cniVersion"]!.DeepClone();
        input["name"] = NetworkName;
        var runtime = new JsonObject();
        foreach (var (capability, argument) in pod.Capabilities.Append(new(AnnotationsCapability, Annotations(pod))))
        {
            if ((bool?)plugin["capabilities"]?[capability] == true)
                runtime[capability] = argument?.DeepClone();
        }

        if (runtime.Count > 0)
            input["runtimeConfig"] = runtime;
        if (previous is not null)
            input["prevResult"] = previous.DeepClone();
        return input;
    }

    private static JsonObject Annotations(CniPod pod) => [.. pod.Annotations.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value))];

    private static CniException Refused(string command, JsonObject plugin, JsonObject? error, string errors, int exitCode) =>
        error is null
            ? new CniException(TypeOf(plugin), command, 999, $"exit code {exitCode}: {errors.Trim()}")
            : new CniException(TypeOf(plugin), command, (int?)error["code"] ?? 999, $"{error["msg"]} {error["details"]}".Trim());

    private static JsonObject? Parse(string text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string TypeOf(JsonObject plugin) => (string)plugin["type"]!;
}
