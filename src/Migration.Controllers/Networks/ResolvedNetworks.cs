namespace Migration.Controllers.Networks;

/// <summary>What became of the networks that an instance asks for; both tables are by the network's name in the spec.</summary>
public sealed record ResolvedNetworks
{
    public static readonly ResolvedNetworks None = new();

    /// <summary>Whether the node attaches them, and not Multus.</summary>
    public bool ByNode { get; init; } = true;

    /// <summary>What the node is to execute.</summary>
    public IReadOnlyDictionary<string, Protos.Delegate> Delegates { get; init; } = new Dictionary<string, Protos.Delegate>();

    public IReadOnlyDictionary<string, NetworkProblem> Problems { get; init; } = new Dictionary<string, NetworkProblem>();
}
