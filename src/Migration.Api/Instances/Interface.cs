using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A guest NIC, bound to the <see cref="Network"/> of the same name. At most one binding is set.</summary>
public sealed record Interface : OpenRecord
{
    public string Name { get => field ?? ""; init; }

    public string? Model { get; init; }

    public string? MacAddress { get; init; }

    /// <summary>The guest takes over the pod NIC's MAC and addresses.</summary>
    public Empty? Bridge { get; init; }

    /// <summary>The guest lives behind NAT in its pod.</summary>
    public Empty? Masquerade { get; init; }

    public Empty? Sriov { get; init; }

    public Empty? PasstBinding { get; init; }

    public BindingPlugin? Binding { get; init; }

    /// <summary>One of <see cref="InterfaceState"/>.</summary>
    public string? State { get; init; }

    /// <summary>With masquerade, what is let in to the guest; everything where nothing is listed.</summary>
    public IReadOnlyList<InterfacePort>? Ports { get; init; }

    public IReadOnlyList<PortRange>? PortRanges { get; init; }

    public DhcpOptions? DhcpOptions { get; init; }

    [JsonIgnore]
    public bool IsAbsent => State == InterfaceState.Absent;

    /// <summary>Whether the spec says how the NIC is bound.</summary>
    [JsonIgnore]
    public bool HasBinding => Bridge is not null || Masquerade is not null || Sriov is not null || PasstBinding is not null || Binding is not null
        || (Unknown is not null && (Unknown.ContainsKey("slirp") || Unknown.ContainsKey("macvtap") || Unknown.ContainsKey("passt")));
}
