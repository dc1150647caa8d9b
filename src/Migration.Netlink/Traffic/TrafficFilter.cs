namespace Migration.Netlink;

/// <summary>
/// A tc filter: what it matches and what happens then. Interface, hook, priority and handle identify it; replacing a filter of the same identity is
/// one atomic step, in which no frame sees neither or both.
/// </summary>
public sealed record TrafficFilter
{
    /// <summary>ETH_P_ALL.</summary>
    public const ushort AllProtocols = 0x0003;

    public required int InterfaceIndex { get; init; }

    public required TrafficHook Hook { get; init; }

    /// <summary>Lower comes first.</summary>
    public required ushort Priority { get; init; }

    /// <summary>Identifies the filter within its priority: <see cref="Classifier.FirstHandle"/> for the only one.</summary>
    public required uint Handle { get; init; }

    /// <summary>EtherType it is for.</summary>
    public ushort Protocol { get; init; } = AllProtocols;

    public required Classifier Classifier { get; init; }

    /// <summary>Null if the classifier decides itself.</summary>
    public MirredAction? Action { get; init; }

    /// <summary>Everything that comes in on one interface goes out of another: half of a cable.</summary>
    public static TrafficFilter Redirect(int from, int to, Classifier classifier, ushort priority = 1) =>
        new()
        {
            InterfaceIndex = from,
            Hook = TrafficHook.Ingress,
            Priority = priority,
            Handle = classifier.FirstHandle,
            Classifier = classifier,
            Action = new MirredAction(MirredKind.EgressRedirect, to),
        };

    /// <summary>For messages: <c>u32 prio 1 on ingress of link 3 to link 4</c>.</summary>
    public override string ToString() =>
        $"{Classifier.Kind} prio {Priority} on {(Hook == TrafficHook.Ingress ? "ingress" : "egress")} of link {InterfaceIndex}{(Action is null ? "" : $" to link {Action.TargetIndex}")}";
}
