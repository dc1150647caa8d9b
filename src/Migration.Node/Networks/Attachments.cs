using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Node.DataPlane;
using Migration.Node.Machines;
using Migration.Node.State;

namespace Migration.Node.Networks;

/// <summary>
/// The pod NICs that are bound to guest NICs on this node. Written down before anything is made, so that whatever was begun can be
/// undone or finished after a crash.
/// </summary>
internal sealed partial class Attachments : IDisposable
{
    private readonly ConcurrentDictionary<AttachmentKey, Attachment> _attachments = new();

    // What is on disk: also what was begun and did not succeed, which must be finished or undone with what is known of it.
    private readonly ConcurrentDictionary<AttachmentKey, Attachment> _written = new();

    // Keys, and places: what is done to one interface of one namespace is done by one at a time, whoever it is done for.
    private readonly ConcurrentDictionary<object, bool> _busy = new(); // true: by a request
    private readonly Lock _following = new(); // held while a NIC is followed, for requests to wait for
    private readonly ConcurrentDictionary<AttachmentKey, Departure> _leaving = new();
    private readonly StretchGate _gate = new();
    private readonly RecordFolder<Attachment> _records;
    private readonly GuestServer _server;
    private readonly ILogger _log;
    private readonly Bindings _bindings;
    private readonly NicWatch _watch;

    // What a former process attached and this one could not take up: its guest is without DHCP.
    private readonly ConcurrentDictionary<AttachmentKey, string> _unserved = new();
    private long _generation;

    public Attachments(StateDirectory state, GuestServer server, Bindings bindings, ILogger<Attachments> log)
    {
        (_server, _bindings, _log) = (server, bindings, log);
        _records = new(state.Folder("attachments"), NodeJson.Default.Attachment, log);
        _watch = new(OnNicChanged);
        server.Leased += OnLeased;
    }

    /// <summary>Something of this pod's attachments changed.</summary>
    public event Action<string>? Changed;

    public IReadOnlyList<Attachment> List() => [.. _attachments.Values.OrderBy(attachment => attachment.Key.ToString(), StringComparer.Ordinal)];

    public IEnumerable<Attachment> OfPod(string podUid) => _attachments.Values.Where(attachment => attachment.Pod.Uid == podUid);

    /// <summary>Whether attachments of a former process are not served by this one.</summary>
    public bool HasUnserved => !_unserved.IsEmpty;

    /// <summary>Why nothing can be attached now; null when it can. Cheap: runtimes ask every few seconds.</summary>
    public string? Obstacle => _records.Obstacle;

    /// <summary>Serves again what a former process attached. A namespace that is gone meanwhile waits for its Detach.</summary>
    public void Recover()
    {
        // All of them first: one NIC's stretch must not be taken for a stray while another of its pod is bound.
        foreach (var (_, attachment) in _records.Load())
            _written[attachment.Key] = attachment;
        AdmitWaysLeft();
        foreach (var attachment in _written.Values)
        {
            _generation = Math.Max(_generation, attachment.Generation);
            try
            {
                if (attachment.Leaving)
                {
                    Detach(attachment.Key, "");
                    continue;
                }

                var known = attachment.Bound is { Stretch.Arrived: true } bound ? attachment with { Bound = bound with { Stretch = null } } : attachment;
                _attachments[attachment.Key] = known;
                _written[attachment.Key] = known;
                Bind(known);
            }
            catch (Exception gone) when (gone is IOException or RefusedException)
            {
                Log.ResponderFailed(_log, attachment.Bound?.Tap ?? "", attachment.Key.ToString(), gone.Message);
                if (File.Exists(attachment.NamespacePath))
                    _unserved[attachment.Key] = gone.Message;
            }
        }
    }

    private void AdmitWaysLeft()
    {
        try
        {
            _gate.Admit(AllWays());
        }
        catch (IOException failure)
        {
            // The next stretch is not made then, and says so.
            Log.WaysNotAdmitted(_log, failure.Message);
        }
    }

    public Attachment Attach(AttachmentKey key, PodIdentity pod, string namespacePath, InterfacePlan? plan, string hostName, bool byAnnotation = false)
    {
        WaitForLeaving(key, namespacePath);
        using var reservation = Reserve(key);
        reservation.Take((namespacePath, key.InterfaceName));
        using var links = OpenPod(namespacePath);
        // Another namespace is another pod sandbox: nothing that is known is true there.
        var known = _written.GetValueOrDefault(key) is { } before && before.NamespacePath == namespacePath ? before : null;
        var attachment = Planned(links, key, pod, namespacePath, plan, hostName, known) with { ByAnnotation = byAnnotation, Generation = Interlocked.Increment(ref _generation) };
        if (known?.Bound is { } old && (old.Binding != attachment.Bound?.Binding || links.NeedsAnotherTap(old, attachment.Bound)))
        {
            Unbind(links, known);
            links.RemoveDiscarded();
        }

        var bound = attachment.Bound;
        Write(attachment);
        Bind(links, attachment);
        _attachments[key] = attachment;
        _unserved.TryRemove(key, out var _);
        if (bound is not null)
            Log.Attached(_log, key.ToString(), bound.Tap, bound.PodInterface, bound.Binding, bound.Wiring, bound.Mac, string.Join(' ', bound.Lease.Addresses));
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
                    Undo(early);
                Attach(early.Key, early.Pod, early.NamespacePath, nic, plan.InstanceName);
            }
            catch (Exception failure) when (failure is IOException or RefusedException)
            {
                Log.NotSettled(_log, early.Key.ToString(), failure.Message);
            }
        }
    }

    /// <param name="promptly">Return once the pod NIC is as it was; what was made for the guest goes in the background.</param>
    public void Detach(AttachmentKey key, string namespacePath, bool promptly = false)
    {
        WaitForLeaving(key, inNamespace: null);
        var reservation = Reserve(key);
        var pods = new List<PodLinks>();
        try
        {
            var known = _written.GetValueOrDefault(key);
            var paths = new[] { known?.NamespacePath, namespacePath }.OfType<string>().Where(path => path.Length > 0).Distinct().ToList();
            paths.ForEach(path => reservation.Take((path, key.InterfaceName)));
            if (promptly && known is not null)
                Write(known with { Leaving = true });
            _server.Stop(key);
            _watch.Forget(key);
            _unserved.TryRemove(key, out var _);
            foreach (var path in paths.Where(path => !IsAnothers(path, key, known)))
                Unbind(path, key, known, pods);
        }
        catch
        {
            Release(pods, reservation);
            throw;
        }

        if (promptly && _written.ContainsKey(key))
            FinishLater(key, namespacePath, pods, reservation);
        else
            Finish(key, pods, reservation);
        if (!_attachments.TryRemove(key, out var removed))
            return;
        Log.Detached(_log, key.ToString());
        Changed?.Invoke(removed.Pod.Uid);
    }

    /// <summary>Leads a guest's frames another way, for good: written down, then made so; ways that nobody names any more are removed.</summary>
    public Attachment Lead(AttachmentKey key, Func<BoundInterface, BoundInterface> change)
    {
        using var _ = Reserve(key);
        if (!_attachments.TryGetValue(key, out var attachment) || attachment.Bound is not { } before)
            throw new RefusedException(Refusal.Missing, $"nothing is attached as {key}");
        var after = attachment with { Bound = change(before) };
        if (before is not { Binding: BindingKind.Bridge or BindingKind.ManagedTap, Wiring: Wiring.Cable } && Ways(after.Bound).Any())
            throw new RefusedException(Refusal.Unsupported, $"{key} is bound by {before.Binding} and {before.Wiring}: only a cable can lead a guest's frames to another pod");
        try
        {
            Make(after);
        }
        catch (Exception failure) when (failure is IOException or RefusedException)
        {
            // What cannot be made must not be found by the next start.
            Make(attachment);
            throw;
        }

        Changed?.Invoke(attachment.Pod.Uid);
        return after;

        void Make(Attachment wanted)
        {
            Write(wanted);
            _gate.Admit(AllWays());
            Bind(wanted);
            _attachments[key] = wanted;
        }
    }

    /// <summary>
    /// Gives the QEMU that waits for a guest a frame to choke on. It reads one frame ahead from each tap, before it has loaded how long the
    /// guest wants the header before frames to be; delivered later, that frame is garbage. Without this it would be the first that followed the guest.
    /// </summary>
    public void Prime(AttachmentKey key)
    {
        const int shortestFrame = 60, localExperiment = 0x88b5;
        if (_attachments.GetValueOrDefault(key) is not { Bound: { } bound } attachment)
            return;
        using var links = OpenPod(attachment.NamespacePath);
        using var socket = PacketSocket.Open(links.Space, links.Route.GetLink(bound.Tap).Index, new PacketOptions { Filter = PacketFilter.Nothing, BypassTrafficControl = true });
        var frame = new byte[shortestFrame];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), localExperiment);
        socket.TrySend(frame);
    }

    /// <summary>Points a home's frames for its guest at the way that was made ready. Quick: the guest stands still.</summary>
    public void Divert(AttachmentKey key, Action take)
    {
        using var _ = Reserve(key);
        if (!_attachments.TryGetValue(key, out var attachment) || attachment.Bound is not { Next: not null } bound)
            throw new RefusedException(Refusal.Missing, $"no way was made ready for {key}");
        using var links = OpenPod(attachment.NamespacePath);
        if (_bindings.Of(links, bound) is not Cable cable)
            throw new RefusedException(Refusal.Unsupported, $"{key} has no cable");
        cable.Divert(PodNicNames.Of(bound.PodInterface), bound, take);
        var after = attachment with { Bound = bound with { Diverted = true } };
        Write(after);
        _attachments[key] = after;
    }

    /// <summary>A pod's guest is about to run here: it hears its networks from now on. Quick: the guest stands still.</summary>
    public void Arrive(string podUid)
    {
        foreach (var attachment in OfPod(podUid).Where(one => one.Bound is { Stretch: { Passing: true, Part: StretchPart.Guest, Arrived: false } }).ToList())
        {
            using var _ = Reserve(attachment.Key);
            var bound = attachment.Bound!;
            using var links = OpenPod(attachment.NamespacePath);
            if (_bindings.Of(links, bound) is not Cable cable)
                continue;
            cable.Arrive(PodNicNames.Of(bound.PodInterface), bound);
            var after = attachment with { Bound = bound with { Stretch = bound.Stretch! with { Arrived = true } } };
            Write(after);
            _attachments[attachment.Key] = after;
        }
    }

    /// <summary>The network has learned where the guest is: nothing comes from where it was any more.</summary>
    public void EndPassing(AttachmentKey key)
    {
        if (_attachments.GetValueOrDefault(key) is { Bound.Stretch: { Passing: true, Arrived: true } })
            Lead(key, bound => bound.Stretch is { Arrived: true } ? bound with { Stretch = null } : bound);
    }

    /// <exception cref="RefusedException">Something differs, or nothing is attached.</exception>
    public void Check(AttachmentKey key, string namespacePath)
    {
        if (!_attachments.TryGetValue(key, out var attachment))
            throw new RefusedException(Refusal.Missing, $"nothing is attached as {key}");
        if (attachment.Bound is not { } bound)
            return;
        using var links = OpenPod(namespacePath.Length > 0 ? namespacePath : attachment.NamespacePath);
        var nic = PodNic.Read(links, PodNicNames.Of(key.InterfaceName), attachment.Original);
        if (_bindings.Of(links, bound).Differs(nic, bound) is { } difference)
            throw new RefusedException(Refusal.NotNow, $"{key}: this is not so any more: {difference}");
    }

    /// <summary>Detaches all of a network that are not listed. One that is busy is no reason to keep the others.</summary>
    public IReadOnlyList<AttachmentKey> Collect(string network, IReadOnlySet<AttachmentKey> valid, ICollection<RefusedException> failures)
    {
        var removed = new List<AttachmentKey>();
        foreach (var key in _written.Keys.Where(key => key.Network == network && !valid.Contains(key) && !_leaving.ContainsKey(key)).OrderBy(key => key.ToString(), StringComparer.Ordinal))
        {
            try
            {
                Detach(key, "");
                removed.Add(key);
            }
            catch (RefusedException busy)
            {
                failures.Add(busy);
            }
        }

        return removed;
    }

    public void Dispose()
    {
        _server.Leased -= OnLeased;
        _watch.Dispose();
        foreach (var leaving in _leaving.Values)
            leaving.Done.Wait();
    }

    private Attachment Planned(PodLinks links, AttachmentKey key, PodIdentity pod, string namespacePath, InterfacePlan? plan, string hostName, Attachment? known)
    {
        var attachment = new Attachment { Key = key, Pod = pod, NamespacePath = namespacePath };
        if (plan is null)
            return attachment;
        var names = PodNicNames.Of(key.InterfaceName);
        if (_written.Values.FirstOrDefault(other => other.Key.InterfaceName != key.InterfaceName && other.NamespacePath == namespacePath && other.Bound?.Tap == names.Tap) is { } other)
            throw new RefusedException(Refusal.NotNow, $"interface {plan.Name}: the tap {names.Tap} of {names.Nic} is that of {other.Key} already");
        var nic = PodNic.Read(links, names, known?.Original);
        var bound = _bindings.Plan(plan, nic, names, known?.Bound?.Wiring ?? _bindings.Wiring, hostName);
        return attachment with
        {
            Bound = bound with
            {
                Leased = known?.Bound?.Leased ?? false,
                Stretch = known?.Bound?.Stretch,
                Next = known?.Bound?.Next,
                Diverted = known?.Bound?.Diverted ?? false,
            },
            Original = bound is { Wiring: Wiring.Takeover, Binding: not BindingKind.Masquerade } ? nic.Identity.WithParameters(links) : null,
        };
    }

    private void Bind(Attachment attachment)
    {
        if (attachment.Bound is null)
            return;
        using var links = OpenPod(attachment.NamespacePath);
        Bind(links, attachment);
    }

    private void Bind(PodLinks links, Attachment attachment)
    {
        if (attachment.Bound is not { } bound)
            return;
        var nic = PodNic.Read(links, PodNicNames.Of(bound.PodInterface), attachment.Original);
        _bindings.Of(links, bound).Ensure(nic, bound);
        Stretch.RemoveOthers(links, () => WaysIn(attachment));
        _server.Serve(attachment, links.Route.GetLink(bound.Tap).Index, nic, links.Space);
        _watch.Watch(attachment.Key, links, nic.Link.Index, nic.Link.Mtu);
    }

    /// <summary>A DEL that comes late must not undo what a later container has made at the same path.</summary>
    private bool IsAnothers(string namespacePath, AttachmentKey key, Attachment? known) => _written.Values.Any(other =>
        other.Key != key && other.Key.InterfaceName == key.InterfaceName && other.NamespacePath == namespacePath && other.Generation > (known?.Generation ?? 0));

    private void Unbind(string namespacePath, AttachmentKey key, Attachment? known, List<PodLinks> pods)
    {
        try
        {
            pods.Add(PodLinks.Open(namespacePath));
        }
        catch (LinuxException)
        {
            // The namespace is gone, and all of this with it.
            return;
        }

        Unbind(pods[^1], known ?? new Attachment { Key = key, Pod = new PodIdentity("", "", ""), NamespacePath = namespacePath });
    }

    /// <summary>The rest of a Detach: what takes the kernel long, and forgetting.</summary>
    private void Finish(AttachmentKey key, List<PodLinks> pods, Reservation reservation)
    {
        try
        {
            foreach (var links in pods)
                links.RemoveDiscarded();
            _records.Delete(key.FileName);
            _written.TryRemove(key, out Attachment? _);
            _gate.Admit(AllWays());
        }
        finally
        {
            Release(pods, reservation);
        }
    }

    private void FinishLater(AttachmentKey key, string namespacePath, List<PodLinks> pods, Reservation reservation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _leaving[key] = new Departure(_written[key].NamespacePath, namespacePath, done.Task);
        _ = DedicatedThread.Run("detaching", () =>
        {
            try
            {
                Finish(key, pods, reservation);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // It stays written down: the next Detach, Collect or start of the node finishes it.
                Log.NotFinished(_log, key.ToString(), failure.Message);
            }

            _leaving.TryRemove(key, out var _);
            return done.TrySetResult();
        });
    }

    private static void Release(List<PodLinks> pods, Reservation reservation)
    {
        foreach (var links in pods)
            links.Dispose();
        pods.Clear();
        reservation.Dispose();
    }

    /// <summary>
    /// What is made anew must not meet what is just going: neither under the same key nor in the same namespace. What is taken away beside
    /// it has other links.
    /// </summary>
    private void WaitForLeaving(AttachmentKey key, string? inNamespace)
    {
        foreach (var (other, leaving) in _leaving)
        {
            if (other == key || leaving.Namespace == inNamespace || leaving.OtherNamespace == inNamespace)
                leaving.Done.Wait();
        }
    }

    private void Write(Attachment attachment)
    {
        _records.Save(attachment.Key.FileName, attachment);
        _written[attachment.Key] = attachment;
    }

    private void Undo(Attachment attachment)
    {
        using var links = OpenPod(attachment.NamespacePath);
        Unbind(links, attachment);
        links.RemoveDiscarded();
    }

    /// <summary>The stretches that belong into this attachment's pod: its own, and those of its other NICs.</summary>
    private HashSet<string> WaysIn(Attachment attachment) =>
        [.. _written.Values.Where(other => other.Key != attachment.Key && other.NamespacePath == attachment.NamespacePath).Append(attachment)
            .SelectMany(one => Ways(one.Bound)).Select(way => way.Link)];

    private IEnumerable<Stretch> AllWays() => _written.Values.SelectMany(one => Ways(one.Bound));

    private static IEnumerable<Stretch> Ways(BoundInterface? bound) => new[] { bound?.Stretch, bound?.Next }.OfType<Stretch>();

    private void Unbind(PodLinks links, Attachment attachment)
    {
        Stretch.RemoveOthers(links, () => WaysIn(attachment with { Bound = null }));
        var names = PodNicNames.Of(attachment.Key.InterfaceName);
        foreach (var binding in _bindings.All(links))
            binding.Remove(names, attachment.Original);
    }

    private static PodLinks OpenPod(string path)
    {
        try
        {
            return PodLinks.Open(path);
        }
        catch (LinuxException missing)
        {
            throw new RefusedException(Refusal.NotNow, missing.Message);
        }
    }

    private Reservation Reserve(AttachmentKey key)
    {
        var reservation = new Reservation(_busy, _following);
        reservation.Take(key);
        return reservation;
    }

    private void OnLeased(AttachmentKey key)
    {
        if (!_attachments.TryGetValue(key, out var attachment) || attachment.Bound is not { Leased: false } bound)
            return;
        var leased = attachment with { Bound = bound with { Leased = true } };
        if (!_attachments.TryUpdate(key, leased, attachment))
            return;
        Write(leased);
        Log.Leased(_log, bound.Mac, bound.Lease.Addresses.FirstOrDefault() ?? "");
        Changed?.Invoke(attachment.Pod.Uid);
    }

    /// <summary>An attachment whose Detach was answered and has not ended.</summary>
    private sealed record Departure(string Namespace, string OtherNamespace, Task Done);

    private sealed class Reservation(ConcurrentDictionary<object, bool> busy, Lock following) : IDisposable
    {
        private readonly List<object> _taken = [];

        public void Take(object thing)
        {
            while (!busy.TryAdd(thing, true))
            {
                if (busy.TryGetValue(thing, out var requested) && requested)
                    throw new RefusedException(Refusal.Busy, $"another operation on {thing} is in flight");
                // Nobody's request: it follows its NIC, and is done in a moment.
                lock (following)
                {
                }
            }

            _taken.Add(thing);
        }

        public void Dispose()
        {
            foreach (var thing in _taken)
                busy.TryRemove(thing, out _);
            _taken.Clear();
        }
    }
}
