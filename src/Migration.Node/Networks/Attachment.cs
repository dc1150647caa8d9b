namespace Migration.Node.Networks;

/// <summary>What Attach made, as it is kept on disk until Detach.</summary>
internal sealed record Attachment
{
    public required AttachmentKey Key { get; init; }
    public required PodIdentity Pod { get; init; }
    public required string NamespacePath { get; init; }

    /// <summary>Null when the plan wants nothing of this NIC.</summary>
    public BoundInterface? Bound { get; init; }
}
