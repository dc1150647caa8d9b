using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// A delegate on disk: libcni's cache of an attachment (<c>cniCacheV1</c>), which CHECK and DEL need, and beside it what this node
/// needs to finish or undo it after a crash.
/// </summary>
internal sealed record DelegateRecord
{
    [JsonPropertyName("kind")]
    public string Kind { get; init; } = "cniCacheV1";

    [JsonPropertyName("containerId")]
    public required string ContainerId { get; init; }

    /// <summary>The list as it was executed.</summary>
    [JsonPropertyName("config")]
    public required byte[] Configuration { get; init; }

    [JsonPropertyName("ifName")]
    public required string InterfaceName { get; init; }

    [JsonPropertyName("networkName")]
    public required string NetworkName { get; init; }

    [JsonPropertyName("netns")]
    public required string NamespacePath { get; init; }

    [JsonPropertyName("cniArgs")]
    public required IReadOnlyList<IReadOnlyList<string>> Arguments { get; init; }

    [JsonPropertyName("capabilityArgs")]
    public required JsonObject Capabilities { get; init; }

    /// <summary>Of a finished ADD.</summary>
    [JsonPropertyName("result")]
    public JsonObject? Result { get; init; }

    [JsonPropertyName("migrationPhase")]
    public required DelegatePhase Phase { get; init; }

    /// <summary>The attachment whose ADD this one belongs to, and whose DEL ends it.</summary>
    [JsonPropertyName("migrationPrimary")]
    public required AttachmentKey Primary { get; init; }

    [JsonPropertyName("migrationPod")]
    public required PodIdentity Pod { get; init; }

    [JsonPropertyName("migrationInterface")]
    public required InterfacePlan Plan { get; init; }

    /// <summary>Later ones are deleted first.</summary>
    [JsonPropertyName("migrationOrder")]
    public required int Order { get; init; }

    /// <summary>The configuration was this node's own file: other pods may be in that network without this node's knowing.</summary>
    [JsonPropertyName("migrationFromDisk")]
    public bool FromDisk { get; init; }

    /// <summary>Its entries in the pod's network-status, a JSON list.</summary>
    [JsonPropertyName("migrationStatus")]
    public JsonArray? Status { get; init; }

    /// <summary>The pod network's entry, as it was before anything was bound.</summary>
    [JsonPropertyName("migrationPodNetwork")]
    public JsonObject? PodNetwork { get; init; }

    /// <summary>The NIC's own attachment. No CNI network can have this name.</summary>
    [JsonIgnore]
    public AttachmentKey Key => new($"{KeyPrefix}{NetworkName}", ContainerId, InterfaceName);

    /// <summary>As libcni names the file.</summary>
    [JsonIgnore]
    public string FileName => $"{NetworkName}-{ContainerId}-{InterfaceName}";

    public const string KeyPrefix = "delegate:";

    public NetworkList List() => NetworkList.Parse(System.Text.Encoding.UTF8.GetString(Configuration), NetworkName);

    public PluginCall Call(string namespacePath) => new()
    {
        List = List(),
        ContainerId = ContainerId,
        NamespacePath = namespacePath,
        InterfaceName = InterfaceName,
        Arguments = [.. Arguments.Select(argument => KeyValuePair.Create(argument[0], argument[1]))],
        Capabilities = Capabilities,
    };
}
