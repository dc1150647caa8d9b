namespace Migration.Node.Migrations;

/// <summary>How long each state may take; QEMU itself has no limits there.</summary>
internal sealed record OutgoingLimits
{
    public TimeSpan Setup { get; init; } = TimeSpan.FromSeconds(15);
    public TimeSpan PreSwitchover { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan Device { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a QEMU that gave up may take to run the guest on by itself.</summary>
    public TimeSpan Resume { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the node that keeps the guest's address is asked to forget the old way.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMinutes(1);
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(200);
}
