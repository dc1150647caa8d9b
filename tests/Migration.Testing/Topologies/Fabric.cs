namespace Migration.Testing.Topologies;

/// <summary>A layer-2 network: a namespace with one bridge. What passes through it can be captured there.</summary>
public sealed class Fabric
{
    public const string Bridge = "br0";

    private int _ports;

    internal Fabric(TestNamespace space) => Namespace = space;

    public TestNamespace Namespace { get; }

    /// <summary>Cables a NIC of this name in that namespace to the fabric; up, with these addresses.</summary>
    public async Task ConnectAsync(TestNamespace to, string nic, params string[] addresses)
    {
        var port = $"port{++_ports}";
        await Namespace.IpAsync($"link add {port} type veth peer name {nic} netns {to.Name}");
        await Namespace.IpAsync($"link set {port} master {Bridge} up");
        await AddressesAsync(to, nic, addresses);
        to.WaitUntilUp(nic);
    }

    internal static async Task AddressesAsync(TestNamespace space, string nic, string[] addresses)
    {
        foreach (var address in addresses)
            await space.IpAsync($"addr add {address} dev {nic}{NoDetection(address)}");
        await space.IpAsync($"link set {nic} up");
    }

    // An address that is still being asked about cannot be used; nobody else is here to have it.
    private static string NoDetection(string address) => address.Contains(':', StringComparison.Ordinal) ? " nodad" : "";
}
