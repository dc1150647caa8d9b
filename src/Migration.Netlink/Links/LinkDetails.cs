using System.Net;

namespace Migration.Netlink;

/// <summary>What is particular to a kind of link.</summary>
public abstract record LinkDetails
{
    private LinkDetails()
    {
    }

    public sealed record Bridge : LinkDetails
    {
        /// <summary>Spanning tree on or off.</summary>
        public bool SpanningTree { get; init; }

        /// <summary>Hundredths of a second.</summary>
        public uint ForwardDelay { get; init; }

        /// <summary>Hundredths of a second.</summary>
        public uint AgeingTime { get; init; }

        public bool VlanFiltering { get; init; }

        public bool MulticastSnooping { get; init; }
    }

    public sealed record Vxlan : LinkDetails
    {
        public uint Id { get; init; }

        public IPAddress? Remote { get; init; }

        public IPAddress? Local { get; init; }

        public ushort Port { get; init; }

        public bool Learning { get; init; }

        /// <summary>The link outer packets leave by, if fixed.</summary>
        public int? UnderlayIndex { get; init; }
    }

    public sealed record Macvlan : LinkDetails
    {
        public MacvlanMode Mode { get; init; }
    }

    /// <summary>A tun or tap device.</summary>
    public sealed record Tap : LinkDetails
    {
        public bool IsTap { get; init; }

        public uint? Owner { get; init; }

        public uint? Group { get; init; }

        public bool VirtioNetHeader { get; init; }

        public bool Persistent { get; init; }

        public bool MultiQueue { get; init; }

        /// <summary>Queues that somebody has open now; known for multi-queue taps only.</summary>
        public int? Queues { get; init; }
    }
}
