namespace Migration.Node.Networks;

/// <summary>What becomes of leases after their NIC was bound.</summary>
internal sealed partial class Attachments
{
    /// <summary>
    /// Completes a pod's leases by how the pod resolves names. That is known only once its containers run, which is before its guest does.
    /// </summary>
    public void Resolve(string podUid, ResolverConfiguration resolver)
    {
        foreach (var attachment in OfPod(podUid).ToList())
        {
            if (attachment.Bound is not { } bound)
                continue;
            var lease = resolver.Complete(bound.Lease);
            var completed = attachment with { Bound = bound with { Lease = lease } };
            if (IsSame(lease, bound.Lease) || !_attachments.TryUpdate(attachment.Key, completed, attachment))
                continue;
            _records.Save(attachment.Key.FileName, completed);
            _written[attachment.Key] = completed;
            _server.Refresh(attachment.Key, completed.Bound);
            Changed?.Invoke(podUid);
        }
    }

    /// <summary>Whether a pod's guest runs here: a router speaks up by itself only to a guest that does.</summary>
    public void GuestRuns(string podUid, bool runs) => _server.GuestRuns(podUid, runs);

    private static bool IsSame(GuestLease one, GuestLease other) =>
        one.Domain == other.Domain && one.NameServers.SequenceEqual(other.NameServers) && one.SearchDomains.SequenceEqual(other.SearchDomains);
}
