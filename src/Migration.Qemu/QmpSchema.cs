using System.Text.Json;

namespace Migration.Qemu;

/// <summary>
/// What a QEMU understands, read from <c>query-qmp-schema</c>: what decides whether something is used, rather than version
/// numbers, which distributions' backports make meaningless.
/// </summary>
public sealed class QmpSchema
{
    private readonly Dictionary<string, JsonElement> _entities;

    private QmpSchema(Dictionary<string, JsonElement> entities) => _entities = entities;

    public bool HasCommand(string command) => Find(command, "command") is not null;

    public bool HasEvent(string name) => Find(name, "event") is not null;

    /// <summary>The names of a command's arguments.</summary>
    public IReadOnlySet<string> ArgumentsOf(string command) =>
        Find(command, "command") is { } entity && Find(entity.Text("arg-type"), "object") is { } arguments
            ? arguments.Items("members").Select(member => member.Text("name")).ToHashSet()
            : [];

    internal static QmpSchema From(JsonElement reply) => new(reply.EnumerateArray().ToDictionary(entity => entity.Text("name")));

    private JsonElement? Find(string name, string metaType) =>
        _entities.TryGetValue(name, out var entity) && entity.Text("meta-type") == metaType ? entity : null;
}
