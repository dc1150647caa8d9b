namespace Migration.Qemu;

/// <summary>When QEMU announces the guest's NICs: first after <see cref="Initial"/>, then each time <see cref="Step"/> later than before.</summary>
public sealed record Announcement
{
    public TimeSpan Initial { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan Maximum { get; init; } = TimeSpan.FromMilliseconds(550);

    public int Rounds { get; init; } = 5;

    public TimeSpan Step { get; init; } = TimeSpan.FromMilliseconds(100);
}
