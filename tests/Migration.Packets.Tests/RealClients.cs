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

    /// <summary>systemd-networkd 252, the REQUEST that took our OFFER.</summary>
    public static readonly byte[] NetworkdRequest = Frame(
        "ffffffffffff02000af401050800" + "45c0014400000000401178ea00000000ffffffff" + "0044004301304966",
        "0101060085ce0229000100000000000000000000000000000000000002000af40105",
        "350103" + "3d13ffaa3abfb800020000ab110033bdebf95e192c" + "37090103060c0f212a7879" + "390205c0" + "3604a9fe4b0a" + "32040af40105" + "0c02766d" + "ff");

    /// <summary>dhcpcd -B -d v0 (9.4.1): rapid commit, RFC 4361 identifier.</summary>
    public static readonly byte[] Dhcpcd = Frame(
        "ffffffffffff02000af401050800" + "4500014869d0000040110fd600000000ffffffff" + "004400430134c506",
        "010106006bbeac9a0000000000000000000000000000000000000000" + "02000af40105",
        "350101" + "370e017903060c0f1a1c2133363a3b77" + "390205c0" + "3d13ff0af40105000100013293983302000af40105" + "5000" + "740101" + "910101" + "ff");

    /// <summary>dhclient -6 -1 -v v0 (isc-dhcp-client 4.4.3)</summary>
    public static readonly byte[] DhclientSolicit = Convert.FromHexString(
        FromGuest + "600dc80d00401101" + GuestLinkLocal + AllServers + "022202230040" + "08d1" + "010553db"
        + "0001000e000100013293983502000af40105" + "00060008001700180027001f" + "000800020000" + "0003000c0af4010500000e1000001518");

    /// <summary>dhclient's Request for what our Advertise offered.</summary>
    public static readonly byte[] DhclientRequest = Convert.FromHexString(
        FromGuest + "600dc80d006a1101" + GuestLinkLocal + AllServers + "02220223006a" + "08fb" + "037292e5"
        + "0001000e000100013293983502000af40105" + "0002000a00030001026d69677201" + "00060008001700180027001f" + "000800020000"
        + "000300280af4010500000e1000001518" + "00050018fd00001002440001000000000000000500001c2000001d4c");

    /// <summary>dhclient's Renew, at T1.</summary>
    public static readonly byte[] DhclientRenew = Convert.FromHexString(
        FromGuest + "600dc80d006a1101" + GuestLinkLocal + AllServers + "02220223006a" + "08fb" + "0508341a"
        + "0001000e00010001329398c102000af40105" + "0002000a00030001026d69677201" + "00060008001700180027001f" + "000800020000"
        + "000300280af4010500000e1000001518" + "00050018fd00001002440001000000000000000500001c2000001d4c");

    /// <summary>dhclient -6 -r -v v0</summary>
    public static readonly byte[] DhclientRelease = Convert.FromHexString(
        FromGuest + "600dc80d006a1101" + GuestLinkLocal + AllServers + "02220223006a" + "08fb" + "08508897"
        + "0001000e00010001329398c102000af40105" + "0002000a00030001026d69677201" + "00060008001700180027001f" + "000800020000"
        + "000300280af401050000000000000000" + "00050018fd0000100244000100000000000000050000000000000000");

    /// <summary>dhclient -6 -1 -v -lf LEASES v0 with a lease in its file: Confirm.</summary>
    public static readonly byte[] DhclientConfirm = Convert.FromHexString(
        FromGuest + "600dc80d005c1101" + GuestLinkLocal + AllServers + "02220223005c" + "08ed" + "04c8b133"
        + "0001000e00010001299b0c2802000af40105" + "00060008001700180027001f" + "000800020000"
        + "000300280af401050000000000000000" + "00050018fd0000100244000100000000000000050000000000000000");

    /// <summary>dhcpcd -B -d v0 (9.4.1): Solicit with rapid commit.</summary>
    public static readonly byte[] DhcpcdSolicit = Convert.FromHexString(
        FromGuest + "600b310300461101" + "fe800000000000005f930768aea82842" + AllServers + "022202230046" + "068f" + "01a7d17e"
        + "0001000e000100013293983302000af40105" + "0003000c0af401050000000000000000" + "0006000a00170018002700520053" + "000800020000" + "000e0000");

    /// <summary>systemd-networkd 252 with DHCP=yes: Solicit with rapid commit, for a prefix too.</summary>
    public static readonly byte[] NetworkdSolicit = Convert.FromHexString(
        FromGuest + "600dc80d005c1101" + GuestLinkLocal + AllServers + "02220223005c" + "08ed" + "0172dc47"
        + "000e0000" + "0003000caa3abfb80000000000000000" + "0019000caa3abfb80000000000000000" + "002700040102766d"
        + "000600080017001f00380052" + "0001000e00020000ab110033bdebf95e192c" + "000800020000");

    /// <summary>Linux 6.18: ip link set v0 up.</summary>
    public static readonly byte[] RouterSolicitation = Convert.FromHexString(
        "33330000000202000af4010586dd" + "6000000000103aff" + GuestLinkLocal + "ff020000000000000000000000000002" + "8500633c00000000" + "010102000af40105");

    /// <summary>Linux 6.18, duplicate address detection of a link-local address.</summary>
    public static readonly byte[] Probe = Convert.FromHexString(
        "3333fff4010502000af4010586dd" + "6000000000203aff" + "00000000000000000000000000000000" + "ff0200000000000000000001fff40105"
        + "870080c400000000" + GuestLinkLocal + "0e017ee907fa5984");

    private const string FromGuest = "33330001000202000af4010586dd", GuestLinkLocal = "fe8000000000000000000afffef40105",
        AllServers = "ff020000000000000000000000010002";

    // The IPv4 header says how long each is; what is not written out is zero.
    private static byte[] Frame(string headers, string fixedPart, string options)
    {
        var start = Convert.FromHexString(headers + fixedPart + Zeros + "63825363" + options);
        var frame = new byte[14 + (start[16] << 8 | start[17])];
        start.CopyTo(frame, 0);
        return frame;
    }
}
