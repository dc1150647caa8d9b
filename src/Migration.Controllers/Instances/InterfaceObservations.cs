using Migration.Api;
using Migration.Protos;

namespace Migration.Controllers.Instances;

/// <summary>Guest NICs as their node reports them, in the words of the instance's status.</summary>
public static class InterfaceObservations
{
    public static IReadOnlyList<InterfaceObservation>? Of(Machine machine) =>
        machine.Interfaces.Count == 0 ? null : [.. machine.Interfaces.Select(Of)];

    private static InterfaceObservation Of(InterfaceStatus nic)
    {
        var addresses = (nic.Lease?.Addresses ?? []).Select(address => address.Split('/')[0]).ToList();
        return new InterfaceObservation
        {
            Name = nic.Name,
            Mac = nic.Mac,
            IpAddress = addresses.FirstOrDefault(),
            IpAddresses = addresses.Count == 0 ? null : addresses,
            PodInterfaceName = nic.PodInterface,
            // Where we know it from: the node that bound the NIC, and the guest that took the lease.
            InfoSource = nic.Leased ? "domain, dhcp" : "domain",
            LinkState = "up",
            QueueCount = 1,
        };
    }
}
