using Migration.Protos;

namespace Migration.Controllers.Nodes;

/// <summary>What the source node says of a migration.</summary>
public readonly record struct OutgoingView
{
    private OutgoingView(bool isKnown, MigrationState? state) => (IsKnown, State) = (isKnown, state);

    /// <summary>The node cannot be asked.</summary>
    public static OutgoingView Unknown => default;

    /// <summary>It never started there, or was released.</summary>
    public static OutgoingView Absent { get; } = new(true, null);

    public bool IsKnown { get; }

    public MigrationState? State { get; }

    public static OutgoingView Of(MigrationState state) => new(true, state);
}
