using System.Net;
using System.Net.Sockets;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// Which of a guest's NICs gives it its default routes, for each family on its own: those whose network selection asks for it; else the
/// pod network's, or that which stands in its place; else, of a guest with neither, each as its plugins say. What the pod itself has is left as its plugins made it.
/// </summary>
internal static class DefaultRoutes
{
    public static InterfacePlan Decide(InterfacePlan nic, IReadOnlyList<InterfacePlan> all) => nic with
    {
        DefaultGateway4 = Decide(nic, all, AddressFamily.InterNetwork),
        DefaultGateway6 = Decide(nic, all, AddressFamily.InterNetworkV6),
    };

    /// <summary>A lease as it was read from the NIC, with the routes that were decided.</summary>
    public static GuestLease Apply(InterfacePlan plan, GuestLease lease)
    {
        if (plan.DefaultGateway4 is { } gateway4)
            lease = lease with { Gateway = gateway4, Routes = Without(lease.Routes, "0.0.0.0/0") };
        if (plan.DefaultGateway6 is { } gateway6)
            lease = lease with { Routes = [.. Without(lease.Routes, "::/0"), .. gateway6.Length > 0 ? [new GuestRoute("::/0", gateway6)] : Array.Empty<GuestRoute>()] };
        return lease;
    }

    /// <summary>Null: the NIC's own.</summary>
    private static string? Decide(InterfacePlan nic, IReadOnlyList<InterfacePlan> all, AddressFamily family)
    {
        if (Asked(nic, family) is { } gateway)
            return gateway;
        if (all.Any(other => Asked(other, family) is not null))
            return "";
        return !IsPrimary(nic) && all.Any(IsPrimary) ? "" : null;
    }

    private static bool IsPrimary(InterfacePlan nic) => nic.Delegate is null or { IsPrimary: true };

    private static string? Asked(InterfacePlan nic, AddressFamily family) =>
        nic.Delegate?.DefaultRoute.FirstOrDefault(gateway => IPAddress.TryParse(gateway, out var address) && address.AddressFamily == family);

    private static IReadOnlyList<GuestRoute> Without(IReadOnlyList<GuestRoute> routes, string destination) =>
        [.. routes.Where(route => route.Destination != destination)];
}
