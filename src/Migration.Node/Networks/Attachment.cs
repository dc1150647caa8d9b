namespace Migration.Node.Networks;

/// <summary>What Attach made, as it is kept on disk until Detach.</summary>
internal sealed record Attachment
{
    public required AttachmentKey Key { get; init; }
    public required PodIdentity Pod { get; init; }
    public required string NamespacePath { get; init; }

    /// <summary>Null when the plan wants nothing of this NIC.</summary>
    public BoundInterface? Bound { get; init; }

    /// <summary>Made by the pod's annotation, before its plan came: bound anew by the plan.</summary>
    public bool ByAnnotation { get; init; }

    /// <summary>The pod NIC as it was, where the wiring changes it. Written down before the first change.</summary>
    public NicIdentity? Original { get; init; }

    /// <summary>Its Detach was answered before it had ended: it is finished, not taken up again.</summary>
    public bool Leaving { get; init; }

    /// <summary>Counts Attaches: of two containers that were given one namespace, the later has it.</summary>
    public long Generation { get; init; }
}
