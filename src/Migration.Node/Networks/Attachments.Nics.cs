namespace Migration.Node.Networks;

/// <summary>What becomes of pod NICs after they were bound: the guest's way has their MTU, also when it changes.</summary>
internal sealed partial class Attachments
{
    private void OnNicChanged(AttachmentKey key)
    {
        lock (_following)
            OnNicChangedLocked(key);
    }

    private void OnNicChangedLocked(AttachmentKey key)
    {
        // Whoever holds it now looks at the NIC himself.
        if (!_busy.TryAdd(key, false))
            return;
        try
        {
            if (_attachments.TryGetValue(key, out var attachment))
                Follow(attachment);
        }
        catch (Exception gone) when (gone is IOException or RefusedException)
        {
            Log.NicNotFollowed(_log, key.ToString(), gone.Message);
        }
        finally
        {
            _busy.TryRemove(key, out var _);
        }
    }

    private void Follow(Attachment attachment)
    {
        using var links = OpenPod(attachment.NamespacePath);
        var bound = attachment.Bound!;
        var nic = PodNic.Read(links, PodNicNames.Of(bound.PodInterface), attachment.Original);
        var before = links.Route.GetLink(bound.Tap).Mtu;
        _bindings.Of(links, bound).Ensure(nic, bound);
        // A guest that came by migration keeps the MTU that it came with.
        if (bound.Lease.Mtu == before && nic.Link.Mtu != before)
            Tell(attachment, bound with { Lease = bound.Lease with { Mtu = nic.Link.Mtu } });
        _watch.Watch(attachment.Key, links, nic.Link.Index, nic.Link.Mtu);
        Log.MtuFollowed(_log, attachment.Key.ToString(), nic.Link.Mtu);
    }

    private void Tell(Attachment attachment, BoundInterface bound)
    {
        var changed = attachment with { Bound = bound };
        if (!_attachments.TryUpdate(attachment.Key, changed, attachment))
            return;
        Write(changed);
        _server.Refresh(attachment.Key, bound);
        Changed?.Invoke(attachment.Pod.Uid);
    }
}
