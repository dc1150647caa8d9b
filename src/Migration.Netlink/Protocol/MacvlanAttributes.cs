namespace Migration.Netlink.Protocol;

/// <summary>IFLA_MACVLAN_*.</summary>
internal static class MacvlanAttributes
{
    private const ushort IFLA_MACVLAN_MODE = 1;

    public static void Write(MessageWriter message, NewLink.Macvlan macvlan) => message.UInt32(IFLA_MACVLAN_MODE, (uint)macvlan.Mode);

    public static LinkDetails.Macvlan Read(AttributeReader reader)
    {
        var macvlan = new LinkDetails.Macvlan();
        while (reader.Next())
        {
            if (reader.Type == IFLA_MACVLAN_MODE)
                macvlan = new LinkDetails.Macvlan { Mode = (MacvlanMode)reader.UInt32() };
        }

        return macvlan;
    }
}
