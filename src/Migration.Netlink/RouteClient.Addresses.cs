using Migration.Netlink.Protocol;

namespace Migration.Netlink;

public sealed partial class RouteClient
{
    /// <summary>IPv4 and IPv6 addresses of one interface.</summary>
    public IReadOnlyList<InterfaceAddress> GetAddresses(int interfaceIndex) =>
        _socket.Dump(AddressMessage.WriteDump(interfaceIndex), $"list addresses of link {interfaceIndex}", AddressMessage.Read);

    /// <summary>IPv4 and IPv6 addresses of all interfaces.</summary>
    public IReadOnlyList<InterfaceAddress> GetAddresses() => _socket.Dump(AddressMessage.WriteDump(interfaceIndex: 0), "list addresses", AddressMessage.Read);

    /// <summary>EEXIST if the interface has it.</summary>
    public void AddAddress(InterfaceAddress address) =>
        _socket.Execute(
            AddressMessage.Write(AddressMessage.New, NetlinkHeader.Create | NetlinkHeader.Exclusive, address),
            $"add address {address} dev {address.InterfaceIndex}");

    /// <summary>Adds it, or changes its flags if it is there.</summary>
    public void ReplaceAddress(InterfaceAddress address) =>
        _socket.Execute(
            AddressMessage.Write(AddressMessage.New, NetlinkHeader.Create | NetlinkHeader.Replace, address),
            $"replace address {address} dev {address.InterfaceIndex}");

    /// <summary>EADDRNOTAVAIL if the interface has no such address.</summary>
    public void DeleteAddress(InterfaceAddress address) =>
        _socket.Execute(AddressMessage.Write(AddressMessage.Delete, flags: 0, address), $"delete address {address} dev {address.InterfaceIndex}");
}
