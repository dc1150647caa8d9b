namespace Migration.Node.Networks;

/// <summary>When a router speaks up by itself (RFC 4861 §6.2.1 and §6.2.4): at once, twice soon after, then now and then, never in step with others.</summary>
internal sealed class AdvertisingTimes(Random chance)
{
    /// <summary>MinRtrAdvInterval and MaxRtrAdvInterval.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(198), Longest = TimeSpan.FromSeconds(600);

    /// <summary>MAX_INITIAL_RTR_ADVERT_INTERVAL.</summary>
    public static readonly TimeSpan Initially = TimeSpan.FromSeconds(16);

    private const int InitialCount = 3;
    private int _said;

    /// <summary>How long to wait after an advertisement that is just being sent.</summary>
    public TimeSpan Next()
    {
        var interval = Shortest + (Longest - Shortest) * chance.NextDouble();
        return ++_said < InitialCount && interval > Initially ? Initially : interval;
    }
}
