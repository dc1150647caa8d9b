namespace Migration.Netlink;

/// <summary>Where on an interface a filter sits (the two parents of a clsact qdisc).</summary>
public enum TrafficHook : uint
{
    /// <summary>What comes in, before the IP stack sees it (packet sockets have seen it).</summary>
    Ingress = 0xfffffff2,

    /// <summary>What goes out.</summary>
    Egress = 0xfffffff3,
}
