namespace Migration.Packets.Tests;

/// <summary>
/// First messages of real clients, whole frames: <c>ip netns exec c CLIENT</c> on one end of a veth pair with MAC 02:00:0a:f4:01:05,
/// <c>tcpdump -i v1 udp port 67</c> on the other.
/// </summary>
internal static class RealClients
{
    private static readonly string Zeros = new('0', 2 * (10 + 64 + 128));

    /// <summary>dhclient -4 -1 -d v0 (isc-dhcp-client 4.4.3)</summary>
    public static readonly byte[] Dhclient = Frame(
        "ffffffffffff02000af401050800" + "45100148000000008011399600000000ffffffff" + "004400430134327e",
        "01010600de9494570000000000000000000000000000000000000000" + "02000af40105",
        "350101" + "0c02766d" + "370d011c02030f06770c2c2f1a792a" + "ff");

    /// <summary>udhcpc -f -q -n -i v0 (udhcpc 1.35.0, Debian's, and busybox's own)</summary>
    public static readonly byte[] Udhcpc = Frame(
        "ffffffffffff02000af401050800" + "4500014800000000401179a600000000ffffffff" + "0044004301343cc4",
        "0101060035b5bf560000000000000000000000000000000000000000" + "02000af40105",
        "350101" + "39020240" + "37070103060c0f1c2a" + "3c0c756468637020312e33352e30" + "3d070102000af40105" + "ff");

    /// <summary>systemd-networkd 252 with DHCP=ipv4</summary>
    public static readonly byte[] Networkd = Frame(
        "ffffffffffff02000af401050800" + "45c0013800000000401178f600000000ffffffff" + "004400430124af7b",
        "0101060047d7e68b0001000000000000000000000000000000000000" + "02000af40105",
        "350101" + "3d13ffaa3abfb800020000ab110033bdebf95e192c" + "37090103060c0f212a7879" + "390205c0" + "0c02766d" + "ff");

    // The IPv4 header says how long each is; what is not written out is zero.
    private static byte[] Frame(string headers, string fixedPart, string options)
    {
        var start = Convert.FromHexString(headers + fixedPart + Zeros + "63825363" + options);
        var frame = new byte[14 + (start[16] << 8 | start[17])];
        start.CopyTo(frame, 0);
        return frame;
    }
}
