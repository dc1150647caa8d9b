namespace Migration.Node.Networks;

/// <summary>One guest NIC as planned.</summary>
internal sealed record InterfacePlan
{
    /// <summary>The name in the VMI's spec.domain.devices.interfaces.</summary>
    public required string Name { get; init; }
    public string PodInterface { get; init; } = "eth0";
    public BindingKind Binding { get; init; } = BindingKind.Bridge;

    /// <summary>Empty: the pod NIC's own.</summary>
    public string Mac { get; init; } = "";

    /// <summary>QEMU's NIC model; empty is virtio.</summary>
    public string Model { get; init; } = "";
    public int Queues { get; init; } = 1;

    /// <summary>Set for a guest that arrives by migration: it keeps what it has.</summary>
    public GuestLease? Lease { get; init; }
    public LinkState LinkState { get; init; } = LinkState.Up;

    /// <summary>Masquerade: what is let in; none is everything.</summary>
    public IReadOnlyList<GuestPort> Ports { get; init; } = [];

    /// <summary>Masquerade: the guest's networks where they are not the usual ones, one per family.</summary>
    public IReadOnlyList<string> GuestNetworks { get; init; } = [];
    public ExtraDhcpOptions DhcpOptions { get; init; } = new();

    /// <summary>The guest's default route through this NIC, decided among all of its NICs: null is the pod NIC's own, empty is none.</summary>
    public string? DefaultGateway4 { get; init; }
    public string? DefaultGateway6 { get; init; }

    /// <summary>Set where the node itself makes the pod NIC.</summary>
    public DelegatePlan? Delegate { get; init; }

    /// <summary>Where the guest has it; null until it is plugged in.</summary>
    public int? Slot { get; init; }
}
