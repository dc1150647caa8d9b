namespace Migration.Node.Networks;

/// <summary>A pod NIC that is bound to a guest NIC.</summary>
internal sealed record BoundInterface
{
    public required string Name { get; init; }
    public required string PodInterface { get; init; }
    public required string Tap { get; init; }

    /// <summary>The guest's MAC; for a guest that arrived by migration another than the pod NIC's.</summary>
    public required string Mac { get; init; }
    public int Queues { get; init; } = 1;
    public BindingKind Binding { get; init; } = BindingKind.Bridge;

    /// <summary>How it was wired when it was made; it stays so, whatever the node is told later.</summary>
    public Wiring Wiring { get; init; } = Wiring.Cable;
    public LinkState LinkState { get; init; } = LinkState.Up;
    public required GuestLease Lease { get; init; }

    /// <summary>What the VMI adds to the lease; null is nothing.</summary>
    public ExtraDhcpOptions? DhcpOptions { get; init; }

    /// <summary>Masquerade: what is let in; none is everything.</summary>
    public IReadOnlyList<GuestPort> Ports { get; init; } = [];

    /// <summary>The guest was seen to take its lease.</summary>
    public bool Leased { get; init; }

    /// <summary>The way that the guest's frames take where guest and address are not in one pod.</summary>
    public Stretch? Stretch { get; init; }

    /// <summary>At home: the way that is made for a migration in flight. What comes by it is let out.</summary>
    public Stretch? Next { get; init; }

    /// <summary>At home: frames for the guest take the next way already.</summary>
    public bool Diverted { get; init; }
}
