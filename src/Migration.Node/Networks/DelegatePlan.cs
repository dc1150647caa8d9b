namespace Migration.Node.Networks;

/// <summary>A network that this node attaches by itself: CNI plugins to execute for one pod NIC.</summary>
internal sealed record DelegatePlan
{
    /// <summary>The NetworkAttachmentDefinition, "namespace/name".</summary>
    public required string Name { get; init; }

    /// <summary>Its CNI configuration or configuration list, as JSON.</summary>
    public required string Configuration { get; init; }
    public string Mac { get; init; } = "";
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Gateways of default routes through this network.</summary>
    public IReadOnlyList<string> DefaultRoute { get; init; } = [];

    /// <summary>The selection's cni-args, a JSON object; empty for none.</summary>
    public string CniArguments { get; init; } = "";

    /// <summary>JSON values for the plugins that declare the capability; null is none.</summary>
    public IReadOnlyDictionary<string, string>? Capabilities { get; init; }

    /// <summary>It stands in the place of the pod network.</summary>
    public bool IsPrimary { get; init; }
}
