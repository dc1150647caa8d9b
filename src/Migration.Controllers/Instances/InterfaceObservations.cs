using Migration.Api;
using Migration.Controllers.Networks;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Instances;

/// <summary>Guest NICs as their node reports them, in the words of the instance's status; the first NIC first.</summary>
public static class InterfaceObservations
{
    public static IReadOnlyList<InterfaceObservation>? Of(VirtualMachineInstance instance, Pod pod, Machine machine)
    {
        var statuses = PodNetworks.Statuses(pod);
        var primary = InstanceNetworks.Of(instance, []).FirstOrDefault(guest => guest.IsPrimary)?.Name;
        List<InterfaceObservation> seen =
        [
            .. machine.Interfaces.OrderBy(nic => nic.Name != primary).Select(nic => Of(nic, pod, statuses.FirstOrDefault(status => status.Interface == nic.PodInterface))),
            .. OnlyInPod(instance, pod, machine, statuses),
        ];
        return seen.Count == 0 ? null : seen;
    }

    private static InterfaceObservation Of(InterfaceStatus nic, Pod pod, Api.NetworkStatus? attached)
    {
        var addresses = Addresses(nic, pod, attached);
        return new InterfaceObservation
        {
            Name = nic.Name,
            Mac = nic.Mac,
            IpAddress = addresses.FirstOrDefault(),
            IpAddresses = addresses.Count == 0 ? null : addresses,
            PodInterfaceName = nic.PodInterface,
            // Where we know it from: the node that bound the NIC, the guest that took the lease, Multus or its stand-in.
            InfoSource = Sources(nic.Plugged ? "domain" : null, nic.Leased ? "dhcp" : null, attached is { Default: not true } ? "multus-status" : null),
            LinkState = nic.LinkState == LinkState.Down ? InterfaceState.Down : InterfaceState.Up,
            QueueCount = nic.Queues > 0 ? (int)nic.Queues : 1,
        };
    }

    private static string? Sources(params string?[] sources) => string.Join(", ", sources.OfType<string>()) is { Length: > 0 } some ? some : null;

    // What others reach the guest at: behind NAT that is its pod's address.
    private static List<string> Addresses(InterfaceStatus nic, Pod pod, Api.NetworkStatus? attached)
    {
        if (nic.Binding == Binding.Masquerade)
            return [.. pod.Status?.PodIps?.Select(ip => ip.Ip).OfType<string>() ?? []];
        var leased = (nic.Lease?.Addresses ?? []).Select(address => address.Split('/')[0]).ToList();
        return leased.Count > 0 ? leased : [.. attached?.Ips?.Select(address => address.Split('/')[0]) ?? []];
    }

    // Attached to the pod, and about to be plugged into the guest.
    private static IEnumerable<InterfaceObservation> OnlyInPod(
        VirtualMachineInstance instance, Pod pod, Machine machine, IReadOnlyList<Api.NetworkStatus> statuses) =>
        from guest in InstanceNetworks.Of(instance, PodNetworks.Names(pod))
        where !guest.IsPrimary && !guest.Interface.IsAbsent && machine.Interfaces.All(nic => nic.Name != guest.Name)
        let attached = statuses.FirstOrDefault(status => status.Interface == guest.PodInterface)
        where attached is not null
        select new InterfaceObservation { Name = guest.Name, Mac = attached.Mac, PodInterfaceName = guest.PodInterface, InfoSource = "multus-status" };
}
