using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Netlink;
using Migration.Node.Machines;
using Migration.Node.State;

namespace Migration.Node.Networks;

/// <summary>
/// The pod NICs that are bound to guest NICs on this node. Written down before anything is made, so that whatever was begun can be
/// undone or finished after a crash.
/// </summary>
internal sealed class Attachments : IDisposable
{
    private readonly ConcurrentDictionary<AttachmentKey, Attachment> _attachments = new();
    private readonly ConcurrentDictionary<AttachmentKey, bool> _busy = new();
    private readonly RecordFolder<Attachment> _records;
    private readonly GuestServer _server;
    private readonly ILogger _log;
    private readonly Lazy<Classifier> _everything = new(() =>
        TrafficCapabilities.Probe() is { Bpf: true, ForRedirect: { } classifier }
            ? classifier
            : throw new RefusedException(Refusal.NotNow, "this kernel lacks what the cable wiring is made of: tc's mirred action and bpf classifier"));

    public Attachments(StateDirectory state, GuestServer server, ILogger<Attachments> log)
    {
        (_server, _log) = (server, log);
        _records = new(state.Folder("attachments"), NodeJson.Default.Attachment, log);
        server.Leased += OnLeased;
    }

    /// <summary>Something of this pod's attachments changed.</summary>
    public event Action<string>? Changed;

    public IReadOnlyList<Attachment> List() => [.. _attachments.Values.OrderBy(attachment => attachment.Key.ToString(), StringComparer.Ordinal)];

    public IEnumerable<Attachment> OfPod(string podUid) => _attachments.Values.Where(attachment => attachment.Pod.Uid == podUid);

    /// <summary>Serves again what a former process attached. A namespace that is gone meanwhile waits for its Detach.</summary>
    public void Recover()
    {
        foreach (var (_, attachment) in _records.Load())
        {
            _attachments[attachment.Key] = attachment;
            try
            {
                Bind(attachment);
            }
            catch (Exception gone) when (gone is IOException or RefusedException)
            {
                Log.ResponderFailed(_log, attachment.Bound?.Tap ?? "", attachment.Key.ToString(), gone.Message);
            }
        }
    }

    public Attachment Attach(AttachmentKey key, PodIdentity pod, string namespacePath, InterfacePlan? plan, string hostName, bool byAnnotation = false)
    {
        using var _ = Reserve(key);
        using var space = OpenNamespace(namespacePath);
        using var route = RouteClient.Open(space);
        var known = _attachments.GetValueOrDefault(key);
        var bound = plan is null ? null : BoundOf(key, plan, PodNic.Read(route, key.InterfaceName, space), hostName);
        if (known is { Bound: { } before } && bound is not null && known.NamespacePath == namespacePath)
            bound = bound with { Leased = before.Leased };
        var attachment = new Attachment { Key = key, Pod = pod, NamespacePath = namespacePath, Bound = bound, ByAnnotation = byAnnotation };
        _records.Save(key.FileName, attachment);
        Bind(attachment);
        _attachments[key] = attachment;
        if (bound is not null)
            Log.Attached(_log, key.ToString(), bound.Tap, bound.PodInterface, bound.Mac, string.Join(' ', bound.Lease.Addresses));
        Changed?.Invoke(pod.Uid);
        return attachment;
    }

    /// <summary>Binds by the plan what was bound by the pod's annotation before the plan came. An ADD in flight does it itself when it ends.</summary>
    public void Settle(MachinePlan plan)
    {
        foreach (var early in OfPod(plan.Pod.Uid).Where(attachment => attachment.ByAnnotation).ToList())
        {
            try
            {
                var nic = plan.Interfaces.FirstOrDefault(nic => nic.PodInterface == early.Key.InterfaceName);
                // Nobody has opened the tap yet: a machine without plan has no QEMU.
                if (early.Bound is { } bound && bound.Queues != nic?.Queues)
                    Unbind(early.NamespacePath, early.Key.InterfaceName, bound.Tap);
                Attach(early.Key, early.Pod, early.NamespacePath, nic, plan.InstanceName);
            }
            catch (Exception failure) when (failure is IOException or RefusedException)
            {
                Log.NotSettled(_log, early.Key.ToString(), failure.Message);
            }
        }
    }

    public void Detach(AttachmentKey key, string namespacePath)
    {
        using var _ = Reserve(key);
        _server.Stop(key);
        var known = _attachments.GetValueOrDefault(key);
        foreach (var path in new[] { known?.NamespacePath, namespacePath }.OfType<string>().Where(path => path.Length > 0).Distinct())
            Unbind(path, key.InterfaceName, known?.Bound?.Tap ?? TapName(key.InterfaceName));
        _records.Delete(key.FileName);
        if (!_attachments.TryRemove(key, out var removed))
            return;
        Log.Detached(_log, key.ToString());
        Changed?.Invoke(removed.Pod.Uid);
    }

    /// <exception cref="RefusedException">Something differs, or nothing is attached.</exception>
    public void Check(AttachmentKey key, string namespacePath)
    {
        if (!_attachments.TryGetValue(key, out var attachment))
            throw new RefusedException(Refusal.Missing, $"nothing is attached as {key}");
        if (attachment.Bound is not { } bound)
            return;
        using var space = OpenNamespace(namespacePath.Length > 0 ? namespacePath : attachment.NamespacePath);
        using var route = RouteClient.Open(space);
        if (new Cable(route, space, _everything.Value).Differs(PodNic.Read(route, bound.PodInterface, space), bound) is { } difference)
            throw new RefusedException(Refusal.NotNow, $"{key}: {difference}");
    }

    /// <summary>Detaches all of a network that are not listed.</summary>
    public IReadOnlyList<AttachmentKey> Collect(string network, IReadOnlySet<AttachmentKey> valid)
    {
        var stale = _attachments.Keys.Where(key => key.Network == network && !valid.Contains(key)).ToList();
        foreach (var key in stale)
            Detach(key, "");
        return stale;
    }

    public void Dispose() => _server.Leased -= OnLeased;

    private static string TapName(string podInterface) => podInterface switch
    {
        "eth0" => "tap0",
        // Interface names have 15 characters at most, and "tap" wants three of them.
        { Length: <= 12 } => $"tap{podInterface}",
        _ => $"tap{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(podInterface)))[..11]}",
    };

    private static BoundInterface BoundOf(AttachmentKey key, InterfacePlan plan, PodNic nic, string hostName)
    {
        if (plan.Binding is not BindingKind.Bridge)
            throw new RefusedException(Refusal.Unsupported, $"interface {plan.Name}: the binding {plan.Binding} is not there yet");
        var mac = plan.Lease?.Mac ?? (plan.Mac.Length > 0 ? plan.Mac : nic.Mac.ToString());
        return new BoundInterface
        {
            Name = plan.Name,
            PodInterface = key.InterfaceName,
            Tap = TapName(key.InterfaceName),
            Mac = mac,
            Queues = plan.Queues,
            Binding = plan.Binding,
            LinkState = plan.LinkState,
            Lease = plan.Lease ?? nic.ToLease(mac, hostName),
        };
    }

    private void Bind(Attachment attachment)
    {
        if (attachment.Bound is not { } bound)
            return;
        using var space = OpenNamespace(attachment.NamespacePath);
        using var route = RouteClient.Open(space);
        var nic = PodNic.Read(route, bound.PodInterface, space);
        new Cable(route, space, _everything.Value).Ensure(nic, bound);
        _server.Serve(attachment.Key, bound, route.GetLink(bound.Tap).Index, nic, space);
    }

    private void Unbind(string namespacePath, string podInterface, string tap)
    {
        NetworkNamespace space;
        try
        {
            space = NetworkNamespace.Open(namespacePath);
        }
        catch (LinuxException)
        {
            // The namespace is gone, and all of this with it.
            return;
        }

        using (space)
        {
            using var route = RouteClient.Open(space);
            new Cable(route, space, new Classifier.U32()).Remove(podInterface, tap);
        }
    }

    private static NetworkNamespace OpenNamespace(string path)
    {
        try
        {
            return NetworkNamespace.Open(path);
        }
        catch (LinuxException missing)
        {
            throw new RefusedException(Refusal.NotNow, missing.Message);
        }
    }

    private Reservation Reserve(AttachmentKey key) => _busy.TryAdd(key, true)
        ? new Reservation(() => _busy.TryRemove(key, out _))
        : throw new RefusedException(Refusal.Busy, $"another operation on {key} is in flight");

    private void OnLeased(AttachmentKey key)
    {
        if (!_attachments.TryGetValue(key, out var attachment) || attachment.Bound is not { Leased: false } bound)
            return;
        var leased = attachment with { Bound = bound with { Leased = true } };
        if (!_attachments.TryUpdate(key, leased, attachment))
            return;
        _records.Save(key.FileName, leased);
        Log.Leased(_log, bound.Mac, bound.Lease.Addresses.FirstOrDefault() ?? "");
        Changed?.Invoke(attachment.Pod.Uid);
    }

    private sealed class Reservation(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
