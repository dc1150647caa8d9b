namespace Migration.Packets.Dhcp;

/// <summary>
/// How long a lease lasts and when the client asks again, in seconds. Finite, so that a guest asks again and can be told something
/// new. The shares are RFC 2131's (§4.4.5: half, seven eighths) and RFC 8415's (§21.4: half, four fifths).
/// </summary>
internal readonly record struct LeaseTimes(uint Valid)
{
    // Shorter, and not all of these times are whole seconds and apart from each other.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(8), Longest = TimeSpan.FromDays(365);

    public uint Renewal => Valid / 2;

    public uint RebindingV4 => (uint)(Valid * 7UL / 8);

    public uint RebindingV6 => (uint)(Valid * 4UL / 5);

    public static LeaseTimes Of(TimeSpan validFor)
    {
        if (validFor <= TimeSpan.Zero) validFor = DhcpLease.DefaultValidity;
        return new((uint)Math.Clamp(validFor.TotalSeconds, Shortest.TotalSeconds, Longest.TotalSeconds));
    }
}
