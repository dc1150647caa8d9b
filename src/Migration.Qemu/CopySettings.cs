namespace Migration.Qemu;

/// <summary>How the copy is to be done; the same on both sides.</summary>
public sealed record CopySettings
{
    /// <summary>Practically unlimited. QEMU's own default of 128 MiB/s is never what is wanted.</summary>
    public const long Unlimited = 1L << 40;

    /// <summary>Bytes per second.</summary>
    public long MaxBandwidth { get; init; } = Unlimited;

    /// <summary>QEMU stops the guest when what remains can be sent within this.</summary>
    public TimeSpan DowntimeLimit { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// What the line really carries, if it is known and <see cref="MaxBandwidth"/> is lower: the last burst is not held back by the
    /// cap, so the decision to stop must not be made with the cap's rate.
    /// </summary>
    public long? LineBandwidth { get; init; }

    /// <summary>More than one means multifd, which needs a <c>unix:</c> or <c>tcp:</c> URI.</summary>
    public int Channels { get; init; } = 1;

    /// <summary>Slow the guest down when it dirties memory faster than it can be sent.</summary>
    public bool AutoConverge { get; init; }

    /// <summary>The target's own announcements once everything is loaded.</summary>
    public Announcement Announcement { get; init; } = new();
}
