using System.Net;
using System.Net.NetworkInformation;
using Migration.Linux;

namespace Migration.Netlink;

/// <summary>A link to be created. What is null is left to the kernel.</summary>
public abstract record NewLink
{
    private NewLink()
    {
    }

    public required string Name { get; init; }

    /// <summary>Where it appears; the conversation's own namespace by default. A vxlan's outer packets keep using the latter.</summary>
    public NetworkNamespace? Namespace { get; init; }

    public PhysicalAddress? Mac { get; init; }

    public int? Mtu { get; init; }

    public int? MasterIndex { get; init; }

    public int? TransmitQueueLength { get; init; }

    /// <summary>Created up, in the same step.</summary>
    public bool Up { get; init; }

    /// <summary>Without ARP and neighbour discovery (IFF_NOARP).</summary>
    public bool NoArp { get; init; }

    internal abstract string Kind { get; }

    /// <summary>Two interfaces joined by a cable. Deleting one deletes both. The peer starts down: the kernel cannot create it up (ENOTCONN).</summary>
    public sealed record Veth : NewLink
    {
        public required string PeerName { get; init; }

        /// <summary>Where the peer appears; beside this end by default.</summary>
        public NetworkNamespace? PeerNamespace { get; init; }

        public PhysicalAddress? PeerMac { get; init; }

        public int? PeerMtu { get; init; }

        internal override string Kind => "veth";
    }

    public sealed record Bridge : NewLink
    {
        public bool? SpanningTree { get; init; }

        /// <summary>Hundredths of a second.</summary>
        public uint? ForwardDelay { get; init; }

        public uint? AgeingTime { get; init; }

        public bool? VlanFiltering { get; init; }

        public bool? MulticastSnooping { get; init; }

        internal override string Kind => "bridge";
    }

    public sealed record Vxlan : NewLink
    {
        public required uint Id { get; init; }

        /// <summary>UDP port of the outer packets, both ways.</summary>
        public required ushort Port { get; init; }

        /// <summary>Where everything is sent that no forwarding entry says otherwise for.</summary>
        public IPAddress? Remote { get; init; }

        public IPAddress? Local { get; init; }

        public int? UnderlayIndex { get; init; }

        public bool Learning { get; init; }

        /// <summary>Checksums in the outer UDP header (IPv4; over IPv6 they are always there).</summary>
        public bool? UdpChecksum { get; init; }

        internal override string Kind => "vxlan";
    }

    public sealed record Macvlan : NewLink
    {
        public required int ParentIndex { get; init; }

        public MacvlanMode Mode { get; init; } = MacvlanMode.Bridge;

        internal override string Kind => "macvlan";
    }

    /// <summary>Swallows what is sent; not every kernel has it.</summary>
    public sealed record Dummy : NewLink
    {
        internal override string Kind => "dummy";
    }
}
