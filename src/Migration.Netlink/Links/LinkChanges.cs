using System.Net.NetworkInformation;
using Migration.Linux;

namespace Migration.Netlink;

/// <summary>What to change on a link, in one message; null leaves a property as it is.</summary>
public sealed record LinkChanges
{
    public bool? Up { get; init; }

    /// <summary>False silences ARP and neighbour discovery (IFF_NOARP).</summary>
    public bool? Arp { get; init; }

    public bool? Promiscuous { get; init; }

    /// <summary>Takes in frames to every group, joined or not.</summary>
    public bool? AllMulticast { get; init; }

    public bool? Multicast { get; init; }

    /// <summary>A new name. Kernels before 6.2 want the link down for it.</summary>
    public string? Name { get; init; }

    public PhysicalAddress? Mac { get; init; }

    public int? Mtu { get; init; }

    /// <summary>The bridge it becomes a port of; 0 takes it out.</summary>
    public int? MasterIndex { get; init; }

    public int? TransmitQueueLength { get; init; }

    /// <summary>Set it before the link goes up. It cannot be part of creating a link (EAFNOSUPPORT).</summary>
    public AddressGeneration? AddressGeneration { get; init; }

    /// <summary>Moves it. Addresses, routes and tc rules do not move along; the index may change.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>What is changed, for messages: <c>up, mtu 1400</c>.</summary>
    public override string ToString()
    {
        string?[] parts =
        [
            Switch(Up, "up", "down"),
            Switch(Arp, "arp on", "arp off"),
            Switch(Promiscuous, "promisc on", "promisc off"),
            Switch(AllMulticast, "allmulticast on", "allmulticast off"),
            Switch(Multicast, "multicast on", "multicast off"),
            Name is null ? null : $"name {Name}",
            Mac is null ? null : $"mac {Mac}",
            Mtu is null ? null : $"mtu {Mtu}",
            MasterIndex is null ? null : $"master {MasterIndex}",
            TransmitQueueLength is null ? null : $"txqlen {TransmitQueueLength}",
            AddressGeneration is null ? null : $"addrgenmode {AddressGeneration}",
            Namespace is null ? null : $"netns {Namespace}",
        ];
        return string.Join(", ", parts.Where(part => part is not null));

        static string? Switch(bool? value, string on, string off) => value switch { true => on, false => off, null => null };
    }
}
