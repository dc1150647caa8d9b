namespace Migration.Api;

/// <summary>One guest NIC with everything that says what it is and what it is connected to.</summary>
public sealed record GuestNetwork
{
    public required Interface Interface { get; init; }

    public required Network Network { get; init; }

    /// <summary>The pod NIC.</summary>
    public required string PodInterface { get; init; }

    /// <summary>What the pod asks for; null for the pod network and for what stands in its place.</summary>
    public NetworkSelection? Selection { get; init; }

    /// <summary>Where the spec has the network, for messages.</summary>
    public required string NetworkPath { get; init; }

    /// <summary>Where the spec has the interface, for messages.</summary>
    public required string InterfacePath { get; init; }

    public string Name => Interface.Name;

    public bool IsPrimary => Network.IsDefault;
}
