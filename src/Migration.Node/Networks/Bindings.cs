using Migration.Netlink;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Networks;

/// <summary>Which binding an interface gets, and what it is to be given.</summary>
internal sealed class Bindings(Wirings wirings, NodeOptions options)
{
    /// <summary>For new attachments.</summary>
    public Wiring Wiring => wirings.Chosen;

    public IBinding Of(PodLinks links, BoundInterface bound) => bound switch
    {
        { Binding: BindingKind.Masquerade } => new Masquerade(links),
        { Wiring: Wiring.Takeover } => new Takeover(links, wirings.Kernel.Bpf),
        _ => new Cable(links, Everything()),
    };

    /// <summary>For removing what may have been made by any of them.</summary>
    public IEnumerable<IBinding> All(PodLinks links) => [new Cable(links, new Classifier.U32()), new Takeover(links, wirings.Kernel.Bpf), new Masquerade(links)];

    /// <exception cref="RefusedException">This NIC cannot be bound like that.</exception>
    public BoundInterface Plan(InterfacePlan plan, PodNic nic, PodNicNames names, Wiring wiring, string hostName)
    {
        var mac = plan.Lease?.Mac ?? (plan.Mac.Length > 0 ? plan.Mac : nic.Mac.ToString());
        RequireReachable(plan, nic, names, wiring, mac);
        return new BoundInterface
        {
            Name = plan.Name,
            PodInterface = names.Nic,
            Tap = names.Tap,
            Mac = mac,
            Queues = plan.Queues,
            Binding = plan.Binding,
            Wiring = wiring,
            LinkState = plan.LinkState,
            Ports = plan.Ports,
            DhcpOptions = plan.DhcpOptions,
            Lease = LeaseOf(plan, nic, mac, hostName),
        };
    }

    /// <summary>A guest that arrived by migration keeps its lease, and how long it is valid.</summary>
    private GuestLease LeaseOf(InterfacePlan plan, PodNic nic, string mac, string hostName)
    {
        var lease = plan.Binding is BindingKind.Masquerade
            ? Masquerade.LeaseOf(plan, nic, mac, hostName)
            : plan.Lease ?? DefaultRoutes.Apply(plan, nic.ToLease(mac, hostName));
        return plan.Lease is null ? lease with { ValidFor = options.LeaseTime } : lease;
    }

    private static void RequireReachable(InterfacePlan plan, PodNic nic, PodNicNames names, Wiring wiring, string mac)
    {
        if (!nic.KeepsItsMac || plan.Binding is BindingKind.Masquerade)
            return;
        if (wiring is Wiring.Takeover)
            throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: {names.Nic} is a macvlan interface, which must keep its MAC; the takeover wiring would give it another");
        if (mac != nic.Mac.ToString())
            throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: {names.Nic} is a macvlan interface, on which a guest can only have the MAC {nic.Mac}, not {mac}");
    }

    private Classifier Everything() => wirings.Kernel.ForRedirect
        ?? throw new RefusedException(Refusal.NotNow, "this kernel lacks what the cable wiring is made of: tc's mirred action and bpf classifier");
}
