using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>What this kernel can wire with, tried out once at the start, and what new attachments get of it.</summary>
internal sealed class Wirings
{
    public Wirings(WiringChoice choice, TrafficCapabilities kernel)
    {
        Kernel = kernel;
        var cable = kernel is { Bpf: true, ForRedirect: not null };
        if (choice is WiringChoice.Cable && !cable)
            throw new RefusedException(Refusal.Unsupported, "--wiring cable: this kernel lacks what the cable is made of, tc's mirred action and bpf classifier");
        Chosen = cable && choice is not WiringChoice.Takeover ? Wiring.Cable : Wiring.Takeover;
    }

    public TrafficCapabilities Kernel { get; }

    /// <summary>For new attachments; those that exist keep what they have.</summary>
    public Wiring Chosen { get; }
}
