using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Netlink;
using Migration.Node.Machines;
using Migration.Node.State;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// All networks of a pod: its primary NIC, which another plugin made, and after it the NICs that this node makes itself by executing the
/// CNI plugins of its delegates (DESIGN §5, Multus (b)). Every execution is on disk before it begins, so that whatever a crash leaves is
/// undone by the DEL, or by the next ADD, that follows. One operation on a container at a time.
/// </summary>
internal sealed class PodNetworks
{
    private readonly ConcurrentDictionary<string, bool> _busy = new();
    private readonly ConcurrentDictionary<AttachmentKey, bool> _interrupted = new();
    private readonly ConcurrentDictionary<string, string> _status = new();
    private readonly Attachments _attachments;
    private readonly DelegateRecords _records;
    private readonly DelegateChains _chains;
    private readonly PluginRunner _runner;
    private readonly PluginChain _chain;
    private readonly string _devices;
    private readonly string _stateDirectory;
    private readonly ILogger _log;

    public PodNetworks(NodeOptions options, StateDirectory state, Attachments attachments, ILogger<PodNetworks> log)
    {
        (_attachments, _log, _stateDirectory) = (attachments, log, Path.GetFullPath(state.Path));
        _records = new(options.CniCache is { } cache ? Directory.CreateDirectory(Path.Combine(cache, "results")).FullName : state.Folder("delegates/results"), log);
        _devices = state.Folder("delegates/devices");
        _chains = new(new NetworkFolder(options.CniConfigurations));
        _runner = new(options.CniPrograms.Split(':', StringSplitOptions.RemoveEmptyEntries), options.CniTimeLimit, _stateDirectory);
        _chain = new(_runner);
    }

    /// <summary>Something of this pod's delegates changed.</summary>
    public event Action<string>? Changed;

    /// <summary>Remembers what a former process made, and what it was about to do.</summary>
    public void Recover()
    {
        _records.Load();
        foreach (var record in _records.All())
        {
            if (record.Phase is not DelegatePhase.Added)
                _interrupted[record.Key] = true;
            Tell(record.Pod.Uid);
        }
    }

    /// <summary>
    /// ADD of a pod's primary NIC: binds it, then makes and binds what the plan's delegates are, in the plan's order. All of it, or
    /// nothing. What an earlier call made and is still there is only bound again.
    /// </summary>
    public async Task<Attachment> AttachAsync(AttachmentKey primary, PodIdentity pod, string namespacePath, MachinePlan plan, CancellationToken ct)
    {
        if (plan.Interfaces.All(nic => nic.Delegate is null) && _records.Of(primary).Count == 0)
            return BindPrimary(primary, pod, namespacePath, plan);
        using var _ = Reserve(primary);
        try
        {
            var podNetwork = PodNetwork(primary, namespacePath);
            var attachment = BindPrimary(primary, pod, namespacePath, plan);
            await RemoveUnplannedAsync(primary, plan);
            foreach (var nic in plan.Interfaces.Where(nic => nic.Delegate is not null))
            {
                // Half an ADD that nobody waits for is undone; a plugin that runs is waited for.
                ct.ThrowIfCancellationRequested();
                await EnsureAsync(primary, pod, namespacePath, DefaultRoutes.Decide(nic, plan.Interfaces), plan.InstanceName, podNetwork);
            }

            return attachment;
        }
        catch
        {
            await UndoAsync(primary, namespacePath);
            throw;
        }
    }

    /// <summary>An interface alone, for callers without a plan: the node makes the NIC, and binds it.</summary>
    public async Task<Attachment> AttachAsync(AttachmentKey key, PodIdentity pod, string namespacePath, InterfacePlan nic)
    {
        using var _ = Reserve(key);
        try
        {
            return await EnsureAsync(key, pod, namespacePath, nic with { PodInterface = key.InterfaceName }, "", podNetwork: null);
        }
        catch
        {
            await UndoAsync(key, namespacePath);
            throw;
        }
    }

    /// <summary>DEL of a pod's primary NIC: the delegates in reverse order, then the primary. All are tried; what failed is reported, and stays recorded.</summary>
    /// <param name="promptly">Return once the pod's NICs are as their plugins left them.</param>
    public async Task DetachAsync(AttachmentKey primary, string namespacePath, bool promptly = false)
    {
        using var _ = Reserve(primary);
        var failures = await DeleteAllAsync(primary, namespacePath);
        _attachments.Detach(primary, namespacePath, promptly);
        if (failures.Count > 0)
            throw Joined(failures);
    }

    /// <summary>
    /// Plugs one more network into the pod of a running machine; for callers that then give its tap to QEMU. Calling again answers the same.
    /// </summary>
    /// <exception cref="RefusedException">The pod is not attached yet, or the delegate failed and left nothing.</exception>
    public async Task<Attachment> AddAsync(MachinePlan plan, InterfacePlan nic)
    {
        var primary = PrimaryOf(plan.Pod) ?? throw new RefusedException(Refusal.NotNow, $"pod {plan.Pod} has no network yet");
        using var _ = Reserve(primary.Key);
        try
        {
            var all = plan.Interfaces.Any(other => other.Name == nic.Name) ? plan.Interfaces : [.. plan.Interfaces, nic];
            return await EnsureAsync(
                primary.Key, plan.Pod, primary.NamespacePath, DefaultRoutes.Decide(nic, all), plan.InstanceName, PodNetwork(primary.Key, primary.NamespacePath));
        }
        catch when (_records.Find(primary.Key.ContainerId, nic.PodInterface) is not null)
        {
            await TryDeleteAsync(_records.Find(primary.Key.ContainerId, nic.PodInterface)!, primary.NamespacePath);
            throw;
        }
    }

    /// <summary>Takes one network out of the pod of a running machine, by the name of its pod NIC; QEMU has let go of the tap. What is not there is no error.</summary>
    public async Task RemoveAsync(PodIdentity pod, string podInterface)
    {
        if (_records.All().FirstOrDefault(record => record.Pod.Uid == pod.Uid && record.InterfaceName == podInterface) is not { } found)
            return;
        using var _ = Reserve(found.Primary);
        if (_records.Find(found.ContainerId, podInterface) is { } record)
            await DeleteAsync(record, record.NamespacePath);
    }

    /// <exception cref="RefusedException">The NIC, its binding or a plugin finds a difference.</exception>
    public async Task CheckAsync(AttachmentKey primary, string namespacePath)
    {
        var delegates = _records.Of(primary);
        if (delegates.Count == 0 || delegates[0].Key.InterfaceName != primary.InterfaceName)
            _attachments.Check(primary, namespacePath);
        foreach (var record in delegates)
        {
            if (record.Phase is not DelegatePhase.Added)
                throw new RefusedException(Refusal.NotNow, $"{record.Key}: its {record.Phase} was interrupted");
            _attachments.Check(record.Key, record.NamespacePath);
            // A NIC that was taken over is not where its plugins left it; what has become of it was just checked.
            if (!IsTakenOver(record))
                await Named(record.Plan, () => _chain.CheckAsync(record.Call(record.NamespacePath), record.Result));
        }
    }

    /// <summary>GC of a primary network: detaches all of its attachments that are not listed, their delegates with them, and lets the delegates' plugins do the same.</summary>
    public async Task<IReadOnlyList<AttachmentKey>> CollectAsync(string network, IReadOnlySet<AttachmentKey> valid)
    {
        var before = _records.All().Where(record => record.Primary.Network == network).ToList();
        var failures = new List<RefusedException>();
        var busy = new HashSet<AttachmentKey>();
        foreach (var stale in before.Select(record => record.Primary).Distinct().Where(primary => !valid.Contains(primary)))
        {
            try
            {
                using var _ = Reserve(stale);
                failures.AddRange(await DeleteAllAsync(stale, ""));
            }
            catch (RefusedException refused)
            {
                failures.Add(refused);
                busy.Add(stale);
            }
        }

        var removed = _attachments.Collect(network, busy.Union(valid).ToHashSet(), failures);
        failures.AddRange(await CollectDelegatesAsync(network, before));
        return failures.Count == 0 ? removed : throw Joined(failures);
    }

    /// <summary>The value of the pod's network-status annotation; empty while it has no delegates.</summary>
    public string StatusOf(string podUid) => _status.GetValueOrDefault(podUid, "");

    /// <summary>STATUS of every network that is in use here: the first reason why an ADD could not be served, or null.</summary>
    public async Task<RefusedException?> FindUnreadyAsync()
    {
        foreach (var record in _records.All().DistinctBy(record => record.NetworkName))
        {
            try
            {
                await Named(record.Plan, () => _chain.StatusAsync(record.List()));
            }
            catch (RefusedException unready)
            {
                return unready;
            }
        }

        return null;
    }

    private Attachment BindPrimary(AttachmentKey primary, PodIdentity pod, string namespacePath, MachinePlan plan)
    {
        var nic = plan.Interfaces.FirstOrDefault(nic => nic.PodInterface == primary.InterfaceName && nic.Delegate is null);
        return _attachments.Attach(primary, pod, namespacePath, nic is null ? null : DefaultRoutes.Decide(nic, plan.Interfaces), plan.InstanceName);
    }

    private async Task<Attachment> EnsureAsync(
        AttachmentKey primary, PodIdentity pod, string namespacePath, InterfacePlan nic, string hostName, System.Text.Json.Nodes.JsonObject? podNetwork)
    {
        return await Named(nic, async () =>
        {
            var wanted = _chains.Prepare(primary, pod, namespacePath, nic, DeviceFile(primary, nic));
            var known = _records.Find(primary.ContainerId, nic.PodInterface);
            if (known is not null && !IsLive(known, wanted))
            {
                await DeleteAsync(known, namespacePath);
                known = null;
            }

            var record = known ?? await ExecuteAsync(wanted with { Order = NextOrder(primary), PodNetwork = podNetwork });
            var attachment = _attachments.Attach(record.Key, pod, namespacePath, nic, hostName);
            Tell(pod.Uid);
            return attachment;
        });
    }

    /// <summary>Made by an earlier call, of the same configuration, and still there.</summary>
    private static bool IsLive(DelegateRecord known, DelegateRecord wanted) =>
        known.Phase is DelegatePhase.Added && known.NamespacePath == wanted.NamespacePath && known.Key == wanted.Key
        && known.Configuration.AsSpan().SequenceEqual(wanted.Configuration)
        && System.Text.Json.Nodes.JsonNode.DeepEquals(known.Capabilities, wanted.Capabilities)
        && HasNic(known.NamespacePath, known.InterfaceName);

    private async Task<DelegateRecord> ExecuteAsync(DelegateRecord record)
    {
        _chain.RequirePlugins(record.List());
        foreach (var capability in DelegateChains.NotTaken(record))
            Log.CapabilityNotTaken(_log, record.Plan.Delegate!.Name, record.Key.ToString(), capability);
        _records.Save(record);
        var result = await _chain.AddAsync(record.Call(record.NamespacePath));
        using var space = NetworkNamespace.Open(record.NamespacePath);
        using var route = RouteClient.Open(space);
        var nic = route.FindLink(record.InterfaceName)
            ?? throw new RefusedException(Refusal.NotNow, $"its plugins report success, but there is no {record.InterfaceName} in {record.NamespacePath}");
        var added = record with
        {
            Phase = DelegatePhase.Added,
            Result = result,
            Status = NetworkStatus.Of(record, result, nic, DelegateChains.TakeDeviceInfo(record)),
        };
        _records.Save(added);
        Log.DelegateAdded(_log, record.Plan.Delegate!.Name, record.Key.ToString());
        return added;
    }

    private async Task DeleteAsync(DelegateRecord record, string namespacePath)
    {
        if (_interrupted.TryRemove(record.Key, out _))
            await OrphanedPlugins.EndAsync(_stateDirectory, record, _runner.Limit);
        // Its plugins find the NIC as they left it; what was made for the guest goes while they work.
        _attachments.Detach(record.Key, namespacePath, promptly: true);
        _records.Save(record with { Phase = DelegatePhase.Deleting });
        await _chain.DeleteAsync(record.Call(IsThere(record.NamespacePath) ? record.NamespacePath : ""), record.Result);
        DelegateChains.RemoveDeviceInfo(record);
        _records.Delete(record);
        Log.DelegateDeleted(_log, record.Plan.Delegate!.Name, record.Key.ToString());
        Tell(record.Pod.Uid);
    }

    private async Task<List<RefusedException>> DeleteAllAsync(AttachmentKey primary, string namespacePath)
    {
        var failures = new List<RefusedException>();
        foreach (var record in _records.Of(primary).Reverse())
        {
            try
            {
                await Named(record.Plan, () => DeleteAsync(record, namespacePath));
            }
            catch (RefusedException failure)
            {
                failures.Add(failure);
            }
        }

        return failures;
    }

    /// <summary>Whatever fails here stays recorded for the DEL that follows a failed ADD; the ADD's own failure is what is told.</summary>
    private async Task UndoAsync(AttachmentKey primary, string namespacePath)
    {
        foreach (var failure in await DeleteAllAsync(primary, namespacePath))
            Log.DelegateNotUndone(_log, primary.ToString(), failure.Message);
        _attachments.Detach(primary, namespacePath);
    }

    private async Task TryDeleteAsync(DelegateRecord record, string namespacePath)
    {
        try
        {
            await DeleteAsync(record, namespacePath);
        }
        catch (RefusedException failure)
        {
            Log.DelegateNotUndone(_log, record.Key.ToString(), failure.Message);
        }
    }

    private async Task RemoveUnplannedAsync(AttachmentKey primary, MachinePlan plan)
    {
        foreach (var record in _records.Of(primary).Reverse().Where(record => plan.Interfaces.All(nic => nic.Delegate is null || nic.PodInterface != record.InterfaceName)))
            await DeleteAsync(record, record.NamespacePath);
    }

    /// <summary>
    /// A list that is the node's own file, or bears the primary's name, has attachments that this node knows nothing of: its plugins are
    /// not told that ours are all there are.
    /// </summary>
    private async Task<List<RefusedException>> CollectDelegatesAsync(string network, List<DelegateRecord> records)
    {
        var failures = new List<RefusedException>();
        foreach (var record in records.Where(record => !record.FromDisk && record.NetworkName != network).DistinctBy(record => record.NetworkName))
        {
            try
            {
                var left = _records.All().Where(other => other.NetworkName == record.NetworkName).Select(other => (other.ContainerId, other.InterfaceName));
                await _chain.CollectAsync(record.List(), left);
            }
            catch (RefusedException failure)
            {
                failures.Add(failure);
            }
        }

        return failures;
    }

    /// <summary>Known from the first call on: once it is bound, a NIC may look otherwise.</summary>
    private System.Text.Json.Nodes.JsonObject? PodNetwork(AttachmentKey primary, string namespacePath)
    {
        if (_records.Of(primary).Select(record => record.PodNetwork).FirstOrDefault(known => known is not null) is { } known)
            return known.DeepClone().AsObject();
        if (!IsThere(namespacePath))
            return null;
        using var space = NetworkNamespace.Open(namespacePath);
        using var route = RouteClient.Open(space);
        return route.FindLink(primary.InterfaceName) is { } nic ? NetworkStatus.OfPodNetwork(primary, route, nic) : null;
    }

    private bool IsTakenOver(DelegateRecord record) =>
        _attachments.OfPod(record.Pod.Uid).Any(attachment => attachment.Key == record.Key && attachment.Bound is { Wiring: Wiring.Takeover, Binding: not BindingKind.Masquerade });

    private Attachment? PrimaryOf(PodIdentity pod) =>
        _attachments.OfPod(pod.Uid).Where(attachment => !attachment.Key.Network.StartsWith(DelegateRecord.KeyPrefix, StringComparison.Ordinal))
            .OrderBy(attachment => attachment.Key.InterfaceName == AnnotatedInterface.PrimaryNic ? 0 : 1).FirstOrDefault();

    private int NextOrder(AttachmentKey primary) => _records.Of(primary).Select(record => record.Order).DefaultIfEmpty().Max() + 1;

    private string DeviceFile(AttachmentKey primary, InterfacePlan nic) =>
        Path.Combine(_devices, $"{Identifier.Checked(primary.ContainerId, "key.container_id")}_{nic.PodInterface}.json");

    private void Tell(string podUid)
    {
        var records = _records.All().Where(record => record.Pod.Uid == podUid && record.Phase is DelegatePhase.Added).ToList();
        var entries = records.Select(record => record.PodNetwork).OfType<System.Text.Json.Nodes.JsonNode?>().Take(1).Concat(records.SelectMany(record => record.Status ?? []));
        if (records.Count > 0)
            _status[podUid] = NetworkStatus.Write(entries);
        else
            _status.TryRemove(podUid, out _);
        Changed?.Invoke(podUid);
    }

    private static bool HasNic(string namespacePath, string name)
    {
        if (!IsThere(namespacePath))
            return false;
        using var space = NetworkNamespace.Open(namespacePath);
        using var route = RouteClient.Open(space);
        return route.FindLink(name) is not null;
    }

    private static bool IsThere(string namespacePath)
    {
        try
        {
            using var space = NetworkNamespace.Open(namespacePath);
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>Failures name the network and the interface that they befell.</summary>
    private static async Task<T> Named<T>(InterfacePlan nic, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (RefusedException failure)
        {
            var said = $"interface {nic.Name}: ";
            var message = failure.Message.StartsWith(said, StringComparison.Ordinal) ? failure.Message[said.Length..] : failure.Message;
            throw new RefusedException(failure.Refusal, $"network {nic.Delegate!.Name}, {said}{message}", failure.CniError);
        }
    }

    private static Task Named(InterfacePlan nic, Func<Task> act) => Named(nic, async () =>
    {
        await act();
        return true;
    });

    private static RefusedException Joined(List<RefusedException> failures) =>
        failures.Count == 1 ? failures[0] : new(failures[0].Refusal, string.Join(" | ", failures.Select(failure => failure.Message)), failures[0].CniError);

    private Reservation Reserve(AttachmentKey primary) => _busy.TryAdd(primary.ContainerId, true)
        ? new Reservation(() => _busy.TryRemove(primary.ContainerId, out _))
        : throw new RefusedException(Refusal.Busy, $"another operation on container {primary.ContainerId} is in flight");

    private sealed class Reservation(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
