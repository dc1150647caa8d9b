namespace Migration.Node.Networks;

/// <summary>
/// How one pod NIC and one guest NIC are joined: an interface is a pod NIC and a binding. Bindings remember nothing; what must outlive
/// this process is in the attachment's record or in the kernel.
/// </summary>
internal interface IBinding
{
    /// <summary>Makes it so. May be called at any time, and after any crash: every step reads, compares and only then changes.</summary>
    void Ensure(PodNic nic, BoundInterface bound);

    /// <summary>The first thing that differs from what <see cref="Ensure"/> makes; null if nothing does.</summary>
    string? Differs(PodNic nic, BoundInterface bound);

    /// <summary>
    /// Undoes it, also what was only begun, also what was undone before. Touches nothing that another binding made. Links that were made for
    /// the guest alone may be discarded: whoever calls removes them.
    /// </summary>
    /// <param name="names">The links.</param>
    /// <param name="original">The pod NIC as it was, where that is known.</param>
    void Remove(PodNicNames names, NicIdentity? original);
}
