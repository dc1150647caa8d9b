using System.Net;
using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>RTM_NEWADDR and its kin: <c>struct ifaddrmsg</c> and IFA_* attributes (include/uapi/linux/if_addr.h).</summary>
internal static class AddressMessage
{
    public const ushort New = 20, Delete = 21, Get = 22;

    private const ushort IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_BROADCAST = 4, IFA_FLAGS = 8;

    public static MessageWriter WriteDump(int interfaceIndex)
    {
        var message = new MessageWriter(Get, 0);
        message.Struct(new Body { Index = interfaceIndex });
        return message;
    }

    public static MessageWriter Write(ushort type, int flags, InterfaceAddress address)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(new Body
        {
            Family = Family.Of(address.Address),
            PrefixLength = address.PrefixLength,
            Scope = address.Scope,
            Index = address.InterfaceIndex,
        });
        message.Address(IFA_LOCAL, address.Address);
        message.Address(IFA_ADDRESS, address.Peer ?? address.Address);
        if (address.Broadcast is { } broadcast)
            message.Address(IFA_BROADCAST, broadcast);
        if (address.Label is { } label)
            message.String(IFA_LABEL, label);
        if (address.Flags != AddressFlags.None)
            message.UInt32(IFA_FLAGS, (uint)address.Flags);
        return message;
    }

    public static InterfaceAddress Read(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        string? label = null;
        IPAddress? local = null, address = null, broadcast = null;
        var flags = (AddressFlags)body.Flags;
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case IFA_LOCAL:
                    local = reader.Address();
                    break;
                case IFA_ADDRESS:
                    address = reader.Address();
                    break;
                case IFA_LABEL:
                    label = reader.String();
                    break;
                case IFA_BROADCAST:
                    broadcast = reader.Address();
                    break;
                case IFA_FLAGS:
                    flags = (AddressFlags)reader.UInt32();
                    break;
            }
        }

        // IFA_ADDRESS is the peer on a point-to-point link, otherwise the address itself; IPv6 leaves IFA_LOCAL out then.
        var own = local ?? address ?? throw AttributeReader.Malformed("an address message without an address");
        return new InterfaceAddress
        {
            InterfaceIndex = body.Index,
            Address = own,
            PrefixLength = body.PrefixLength,
            Peer = address is null || address.Equals(own) ? null : address,
            Broadcast = broadcast,
            Label = label,
            Scope = body.Scope,
            Flags = flags,
        };
    }

    /// <summary><c>struct ifaddrmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public byte Family;
        public byte PrefixLength;
        public byte Flags;
        public RouteScope Scope;
        public int Index;
    }
}
