namespace Migration.Node.Machines;

/// <summary>What a machine's owner saw of its NICs.</summary>
internal sealed record InterfaceObservation
{
    /// <summary>What the guest has.</summary>
    public IReadOnlyList<GuestCard> Cards { get; init; } = [];

    /// <summary>Interfaces whose pod NIC is bound to a tap.</summary>
    public IReadOnlySet<string> Bound { get; init; } = new HashSet<string>();

    /// <summary>Interfaces whose pod NIC is there, or can be made, and is not bound yet.</summary>
    public IReadOnlySet<string> Bindable { get; init; } = new HashSet<string>();

    /// <summary>When the guest was last asked to let go of an interface.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Asked { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>The interface whose pod NIC is just being made or removed: one at a time, and nothing else is done about it meanwhile.</summary>
    public string? AtWork { get; init; }

    /// <summary>Interfaces that something went wrong with just now: not before this moment again.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Resting { get; init; } = new Dictionary<string, DateTimeOffset>();
}
