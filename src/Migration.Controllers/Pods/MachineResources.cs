using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Pods;

/// <summary>What a machine's pod asks of its node.</summary>
public static class MachineResources
{
    private const long Mebi = 1 << 20;

    /// <summary>The guest's memory and what running it costs; the CPU asked for, or a tenth of one.</summary>
    public static ResourceRequirements Of(Domain domain)
    {
        var requests = new Dictionary<string, Quantity>(domain.Resources?.Requests ?? new Dictionary<string, Quantity>());
        requests["memory"] = Quantity.OfBytes(GuestMemory(domain) + Overhead(domain));
        requests.TryAdd("cpu", Quantity.Parse("100m"));
        return new ResourceRequirements { Requests = requests, Limits = Limits(domain) };
    }

    /// <summary>
    /// What QEMU and the launcher need beside the guest's memory: page tables (1/512), QEMU's own 100 MiB,
    /// 8 MiB for each virtual CPU.
    /// </summary>
    public static long Overhead(Domain domain) => (GuestMemory(domain) / 512) + (100 * Mebi) + (8 * Mebi * VirtualCpus(domain.Cpu));

    public static long GuestMemory(Domain domain) => domain.Memory?.Guest?.Ceiling ?? 0;

    public static int VirtualCpus(Cpu? cpu) => (cpu?.Sockets ?? 1) * (cpu?.Cores ?? 1) * (cpu?.Threads ?? 1);

    // A memory limit is meant for the guest: the overhead comes on top.
    private static Dictionary<string, Quantity>? Limits(Domain domain)
    {
        if (domain.Resources?.Limits is not { Count: > 0 } given)
            return null;
        var limits = new Dictionary<string, Quantity>(given);
        if (limits.TryGetValue("memory", out var memory))
            limits["memory"] = Quantity.OfBytes(Math.Max(memory.Ceiling, GuestMemory(domain)) + Overhead(domain));
        return limits;
    }
}
