namespace Migration.Netlink;

/// <summary>Sends matching frames, or copies of them, to another interface (tc-mirred(8)).</summary>
/// <param name="Kind">Redirect or copy, out of the target or into its stack.</param>
/// <param name="TargetIndex">The other interface. When that is deleted, the kernel drops the frames.</param>
public sealed record MirredAction(MirredKind Kind, int TargetIndex)
{
    /// <summary>The action's own number in the namespace, by which filters can share it; 0 lets the kernel choose.</summary>
    public uint Index { get; init; }

    /// <summary>Frames it has handled, when read.</summary>
    public ulong Packets { get; init; }

    /// <summary>Frames the target would not take, when read.</summary>
    public ulong Drops { get; init; }
}
