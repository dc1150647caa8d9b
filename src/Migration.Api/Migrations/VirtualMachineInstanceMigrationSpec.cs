using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Which instance is to move.</summary>
public sealed record VirtualMachineInstanceMigrationSpec : OpenRecord
{
    internal static readonly VirtualMachineInstanceMigrationSpec Empty = new();

    public string? VmiName { get; init; }

    /// <summary>Narrows the choice of nodes; the instance's own selectors win.</summary>
    public IReadOnlyDictionary<string, string>? AddedNodeSelector { get; init; }

    public JsonElement? SendTo { get; init; }

    public JsonElement? Receive { get; init; }

    public string? Priority { get; init; }
}
