using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A binding by name. KubeVirt registers plugins under such names; the one we provide is the tap that most of them ask for.</summary>
public sealed record BindingPlugin : OpenRecord
{
    /// <summary>A tap on the pod NIC, as the bridge binding has it, and no DHCP.</summary>
    public const string ManagedTap = "managedTap";

    public string Name { get => field ?? ""; init; }

    [JsonIgnore]
    public bool IsManagedTap => Name.Equals(ManagedTap, StringComparison.OrdinalIgnoreCase);
}
