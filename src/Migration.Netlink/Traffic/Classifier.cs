namespace Migration.Netlink;

/// <summary>What a filter matches.</summary>
public abstract record Classifier
{
    private Classifier()
    {
    }

    /// <summary>Its name in the kernel (TCA_KIND).</summary>
    public abstract string Kind { get; }

    /// <summary>The handle of a first filter. Being known beforehand is what makes replacing it possible.</summary>
    public virtual uint FirstHandle => 1;

    /// <summary>Every frame. A filter of this kind cannot be changed in place: see <see cref="RouteClient.ReplaceAction"/>.</summary>
    public sealed record MatchAll : Classifier
    {
        public override string Kind => "matchall";
    }

    /// <summary>Every frame, by a key that compares nothing: older and more widespread than matchall, and changeable in place.</summary>
    public sealed record U32 : Classifier
    {
        public override string Kind => "u32";

        /// <summary>800::1, the first filter of the first table. There is one table per priority, so use one priority per hook.</summary>
        public override uint FirstHandle => 0x80000001;
    }

    /// <summary>
    /// A classic BPF program (an array of <c>struct sock_filter</c>). Without an action on the filter its result is the verdict
    /// (TC_ACT_*); with one, -1 selects the frame. The kernel keeps no name for it: it is known by its instructions.
    /// </summary>
    public sealed record Bpf(byte[] Program) : Classifier
    {
        /// <summary>Selects every frame, for a filter with an action: <c>ret #-1</c>.</summary>
        public static Bpf Everything { get; } = new([0x06, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);

        public override string Kind => "bpf";

        public bool Equals(Bpf? other) => other is not null && Program.AsSpan().SequenceEqual(other.Program);

        public override int GetHashCode() => Program.Length;
    }

    /// <summary>A kind that somebody else uses: read, never written.</summary>
    public sealed record Foreign(string Name) : Classifier
    {
        public override string Kind => Name;
    }
}
