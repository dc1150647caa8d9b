using Migration.Api;

namespace Migration.Controllers.Networks;

/// <summary>What became of the networks that an instance asks for; both tables are by the network's name in the spec.</summary>
public sealed record ResolvedNetworks
{
    /// <summary>It asks for none.</summary>
    public static readonly ResolvedNetworks None = new();

    /// <summary>The node attaches them.</summary>
    public bool ByNode { get; init; }

    /// <summary>Multus attaches them.</summary>
    public bool ByMultus { get; init; }

    /// <summary>What the node is to execute.</summary>
    public IReadOnlyDictionary<string, Protos.Delegate> Delegates { get; init; } = new Dictionary<string, Protos.Delegate>();

    /// <summary>
    /// The guest's pod NIC. What stands in the place of the pod network is the pod's first NIC where Multus makes it; the
    /// node comes after the cluster's CNI, whose NIC stays the pod's.
    /// </summary>
    public string PodInterface(GuestNetwork guest) =>
        guest.IsPrimary && Delegates.ContainsKey(guest.Name) ? PodInterfaceNames.Hashed(guest.Name) : guest.PodInterface;

    public IReadOnlyDictionary<string, NetworkProblem> Problems { get; init; } = new Dictionary<string, NetworkProblem>();

    /// <summary>Networks that may carry nothing for a MAC that is not the pod NIC's own (macvlan): a guest that arrives needs its own there.</summary>
    public IReadOnlySet<string> OfOneMac { get; init; } = new HashSet<string>();

    /// <summary>What is asked for and whoever attaches does not know; the fields.</summary>
    public IReadOnlyList<UnsupportedField> NotActedOn { get; init; } = [];
}
