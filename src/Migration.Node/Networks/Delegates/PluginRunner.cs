using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Linux;
using Migration.Node.DataPlane;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// Executes one CNI plugin: the command in its environment, the configuration on its standard input, its answer on its standard output.
/// Plugins work in this node's own namespace and are told the pod's by path.
/// </summary>
internal sealed class PluginRunner(IReadOnlyList<string> folders, TimeSpan limit, string owner)
{
    /// <summary>Tells our plugins from others after a crash.</summary>
    public const string OwnerVariable = "MIGRATION_NODE_STATE";

    private const int LongestExcerpt = 400;

    public TimeSpan Limit => limit;

    /// <summary>The answer, null when it was silent.</summary>
    /// <exception cref="RefusedException">It failed; carries the plugin's own error.</exception>
    public async Task<JsonObject?> RunAsync(string type, IReadOnlyDictionary<string, string> variables, JsonObject input)
    {
        var environment = new Dictionary<string, string>(variables) { ["CNI_PATH"] = string.Join(':', folders), [OwnerVariable] = owner };
        var run = await StartAsync(type, environment, Encoding.UTF8.GetBytes(input.ToJsonString()));
        var answer = Parse(run.Output);
        if (run.Killed is { } reason)
            throw Failed(variables, type, new CniError(CniError.Internal, $"{type} was killed: {reason}", Excerpt(run.Errors)));
        if (run.Exit is { Code: 0, Signal: 0 })
            return answer ?? (string.IsNullOrWhiteSpace(run.Output) ? null : throw Failed(variables, type, Garbage(type, run)));
        throw Failed(variables, type, ErrorOf(type, answer, run));
    }

    private async Task<ProgramRun> StartAsync(string type, Dictionary<string, string> environment, byte[] input)
    {
        var path = Find(type);
        try
        {
            return await DedicatedThread.Run($"CNI {type}", () => ProgramRun.Execute(path, environment, input, limit));
        }
        catch (LinuxException broken)
        {
            throw Failed(environment, type, new CniError(CniError.Internal, broken.Message, ""));
        }
    }

    /// <exception cref="RefusedException">There is none.</exception>
    public string Find(string type)
    {
        if (folders.Select(folder => Path.Combine(folder, type)).FirstOrDefault(File.Exists) is { } path)
            return path;
        var missing = $"failed to find plugin \"{type}\" in path [{string.Join(' ', folders)}]";
        throw new RefusedException(Refusal.NotNow, missing, new CniError(CniError.Internal, missing, ""));
    }

    private static CniError ErrorOf(string type, JsonObject? answer, ProgramRun run)
    {
        if (answer?["code"] is JsonValue code && code.TryGetValue<int>(out var number))
            return new CniError(number, Text(answer["msg"]), Join(Text(answer["details"]), Excerpt(run.Errors)));
        var end = run.Exit.Signal != 0 ? $"signal {run.Exit.Signal}" : $"code {run.Exit.Code}";
        return new CniError(CniError.Internal, $"{type} ended with {end}", Join(Excerpt(run.Output), Excerpt(run.Errors)));
    }

    private static CniError Garbage(string type, ProgramRun run) =>
        new(CniError.Internal, $"{type} answered no JSON object", Join(Excerpt(run.Output), Excerpt(run.Errors)));

    private static RefusedException Failed(IReadOnlyDictionary<string, string> variables, string type, CniError error) => new(
        error.Code is CniError.TryAgainLater ? Refusal.Later : Refusal.NotNow,
        $"plugin {type} {variables["CNI_COMMAND"]} {variables.GetValueOrDefault("CNI_IFNAME")}: {error}",
        error);

    private static JsonObject? Parse(string text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text, documentOptions: NetworkList.Strict) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static string Join(params string[] parts) => string.Join("; ", parts.Where(part => part.Length > 0));

    private static string Excerpt(string text) => text.Trim() is { Length: > LongestExcerpt } said ? $"{said[..LongestExcerpt]}…" : text.Trim();
}
