using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;
using Outcome = Migration.Kubernetes.Outcome;

namespace Migration.Controllers.Instances;

/// <summary>Gives every VirtualMachineInstance its pod, and its node the plan of what to run in it.</summary>
public sealed class InstanceReconciler(
    KubernetesClient client, ClusterView cluster, NodeDirectory nodes, NetworkDefinitions networks, InstancePlan plan, EventRecorder events, TimeProvider time, ILogger<InstanceReconciler> log)
    : IReconciler
{
    // Everything we wait for wakes us; this is for what nobody thought of.
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    private readonly ResourceClient<VirtualMachineInstance> _instances = client.For(KubeVirt.Instances);
    private readonly ResourceClient<Pod> _pods = client.For(Kinds.Pods);
    private readonly StatusWriter<Pod> _podStatus = new(client.For(Kinds.Pods));
    private readonly StatusWriter<VirtualMachineInstance> _status = new(client.For(KubeVirt.Instances));

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        await RemoveOrphansAsync(key, ct);
        if (cluster.Instances.Store.Get(key) is not { } instance)
            return Outcome.Done;

        var observed = await ObserveAsync(instance, ct);
        var step = plan.Next(observed);
        var written = step.Action is InstanceAction.AddFinalizer ? instance : await _status.WriteAsync(instance, instance with { Status = step.Status }, ct);
        Tell(instance, written);
        await PerformAsync(written, step.Action, ct);
        foreach (var (before, after) in Serving.Changes(observed))
            await _podStatus.WriteAsync(before, after, ct);
        return Outcome.Again(Resync);
    }

    private async Task<InstanceObservation> ObserveAsync(VirtualMachineInstance instance, CancellationToken ct)
    {
        var pods = cluster.PodsOf(instance);
        var observed = new InstanceObservation { Instance = instance, Pods = pods, Now = time.GetUtcNow() };
        if (observed.CurrentPod is null && observed.Status.Phase is InstancePhase.Scheduled or InstancePhase.Running
            && await _pods.FindAsync(new ObjectKey(instance.Metadata.Namespace!, observed.CurrentPodName), ct) is { } missed)
            pods = [.. pods, missed];
        var homes = pods.Where(pod => pod.IsBound).Select(pod => pod.Spec!.NodeName!).Append(instance.Status?.NodeName).OfType<string>().ToHashSet();
        return observed with
        {
            Pods = pods,
            LostNodes = homes.Where(node => cluster.Node(node).IsLost).ToHashSet(),
            OutOfServiceNodes = homes.Where(node => cluster.Node(node).IsOutOfService).ToHashSet(),
            Networks = await NetworksOfAsync(instance, ct),
            Claims = InstanceClaims.Of(instance, cluster.Claims.Store.Get),
            Machines = pods.Where(pod => pod.IsBound).ToDictionary(pod => pod.Uid, pod => nodes.Machine(pod.Spec!.NodeName, pod.Uid)),
            Migrations = [.. cluster.MigrationsOf(instance.Key).Where(migration => migration.Metadata.HasFinalizer(FinalizerNames.Migration))],
        };
    }

    private async Task<ResolvedNetworks> NetworksOfAsync(VirtualMachineInstance instance, CancellationToken ct) =>
        instance.IsDeleting || InstancePhase.IsFinal(instance.Status?.Phase) || InstanceValidation.Errors(instance, instance.CompleteSpec()).Count > 0
            ? ResolvedNetworks.None
            : await networks.ResolveAsync(instance, ct);

    private async Task PerformAsync(VirtualMachineInstance instance, InstanceAction action, CancellationToken ct)
    {
        switch (action)
        {
            case InstanceAction.Wait:
                break;
            case InstanceAction.AddFinalizer:
                await _instances.EnsureFinalizerAsync(instance, FinalizerNames.Instance, ct);
                break;
            case InstanceAction.CreatePod create:
                await CreatePodAsync(instance, create.Pod, ct);
                break;
            case InstanceAction.EnsureMachine ensure:
                await EnsureMachineAsync(instance, ensure, ct);
                break;
            case InstanceAction.DeleteMachine delete:
                await DeleteMachineAsync(delete.Node, delete.Id, delete.Grace, ct);
                break;
            case InstanceAction.DeletePod delete:
                await _pods.EnsureDeletedAsync(delete.Pod, delete.AtOnce ? new DeleteOptions { GracePeriodSeconds = 0 } : DeleteOptions.Default, ct);
                if (delete.AtOnce)
                    events.Warning(instance, "NodeOutOfService", $"deleted pod {delete.Pod.Metadata.Name} without waiting for node {delete.Pod.Spec?.NodeName}, which is out of service");
                break;
            case InstanceAction.LabelNode label:
                await LabelAsync(instance, label.Node, ct);
                break;
            case InstanceAction.RemoveFinalizer:
                await _instances.RemoveFinalizerAsync(instance, FinalizerNames.Instance, ct);
                Log.InstanceGone(log, instance.Key);
                break;
            case InstanceAction.AnnotatePod annotate:
                await AnnotateAsync(annotate, ct);
                break;
            case InstanceAction.PlugInterface plug:
                await PlugAsync(instance, plug, ct);
                break;
            case InstanceAction.UnplugInterface unplug:
                await UnplugAsync(instance, unplug, ct);
                break;
            case InstanceAction.SetLinkState set:
                await SetLinkStateAsync(instance, set, ct);
                break;
            case InstanceAction.SetPaused set:
                await SetPausedAsync(instance, set, ct);
                break;
            case InstanceAction.RemoveNetworks remove:
                await RemoveNetworksAsync(instance, remove.Names, ct);
                break;
            default:
                throw new InvalidOperationException($"no way to do {action}");
        }
    }

    private async Task CreatePodAsync(VirtualMachineInstance instance, Pod pod, CancellationToken ct)
    {
        await _instances.EnsureFreshAsync(instance, ct);
        try
        {
            await _pods.CreateAsync(pod, ct);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            return;
        }
        events.Normal(instance, "SuccessfulCreate", $"Created virtual machine pod {pod.Metadata.Name}");
        Log.PodCreated(log, pod.Key, instance.Key);
    }

    private async Task EnsureMachineAsync(VirtualMachineInstance instance, InstanceAction.EnsureMachine ensure, CancellationToken ct)
    {
        // A plan pushed twice is pushed once; a plan pushed for a guest that has moved on would start it a second time.
        await _instances.EnsureFreshAsync(instance, ct);
        if (nodes.Find(ensure.Node) is not { } node)
            return;
        try
        {
            var answer = await node.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = ensure.Plan }, deadline: Deadline(), cancellationToken: ct);
            node.Saw(answer.Machine);
            Log.MachineEnsured(log, instance.Key, ensure.Node, ensure.Plan.Id);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.InvalidArgument)
        {
            await FailAsync(instance, $"node {ensure.Node}: {e.Status.Detail}", ct);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.ResourceExhausted or StatusCode.FailedPrecondition)
        {
            events.Warning(instance, "SyncFailed", $"node {ensure.Node}: {e.Status.Detail}");
            throw;
        }
    }

    private async Task FailAsync(VirtualMachineInstance instance, string why, CancellationToken ct)
    {
        var failed = instance with { Status = InstancePlan.Refused(instance, why, time.GetUtcNow()) };
        Tell(instance, await _status.WriteAsync(instance, failed, ct));
    }

    private async Task DeleteMachineAsync(string name, string id, TimeSpan? grace, CancellationToken ct)
    {
        if (nodes.Find(name) is not { } node)
            return;
        await node.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = id, GracePeriod = grace is { } period ? Duration.FromTimeSpan(period) : null }, deadline: Deadline(), cancellationToken: ct);
        Log.MachineDeleted(log, id, name);
    }

    private async Task LabelAsync(VirtualMachineInstance instance, string node, CancellationToken ct)
    {
        var labelled = instance with { Metadata = instance.Metadata.WithLabel(Labels.NodeName, node) };
        if (Patch.Between(KubeVirt.Instances, instance, labelled, onlyIfUnchanged: true) is { } patch)
            await _instances.PatchAsync(instance.Key, patch, ct);
    }

    private async Task AnnotateAsync(InstanceAction.AnnotatePod annotate, CancellationToken ct)
    {
        if (Patch.Between(Kinds.Pods, annotate.Pod, annotate.Annotated, onlyIfUnchanged: true) is { } patch)
            await _pods.PatchAsync(annotate.Pod.Key, patch, ct);
    }

    private Task PlugAsync(VirtualMachineInstance instance, InstanceAction.PlugInterface plug, CancellationToken ct) => ChangeAsync(instance, plug.Node, async node =>
    {
        await node.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = plug.Id, Interface = plug.Interface }, deadline: Deadline(), cancellationToken: ct);
        events.Normal(instance, "InterfacePlugged", $"interface {plug.Interface.Name} is plugged into the guest");
        Log.InterfacePlugged(log, plug.Interface.Name, instance.Key, plug.Node);
    });

    private Task UnplugAsync(VirtualMachineInstance instance, InstanceAction.UnplugInterface unplug, CancellationToken ct) => ChangeAsync(instance, unplug.Node, async node =>
    {
        await node.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = unplug.Id, Name = unplug.Name }, deadline: Deadline(), cancellationToken: ct);
        events.Normal(instance, "InterfaceUnplugged", $"the guest is asked to let go of interface {unplug.Name}");
        Log.InterfaceUnplugged(log, unplug.Name, instance.Key, unplug.Node);
    });

    private Task SetLinkStateAsync(VirtualMachineInstance instance, InstanceAction.SetLinkState set, CancellationToken ct) => ChangeAsync(instance, set.Node, async node =>
        await node.Machines.SetLinkStateAsync(new SetLinkStateRequest { Id = set.Id, Name = set.Name, Up = set.Up }, deadline: Deadline(), cancellationToken: ct));

    private Task SetPausedAsync(VirtualMachineInstance instance, InstanceAction.SetPaused set, CancellationToken ct) => ChangeAsync(instance, set.Node, async node =>
    {
        if (set.Paused)
            await node.Machines.PauseAsync(new PauseRequest { Id = set.Id }, deadline: Deadline(), cancellationToken: ct);
        else
            await node.Machines.ResumeAsync(new ResumeRequest { Id = set.Id }, deadline: Deadline(), cancellationToken: ct);
        events.Normal(instance, set.Paused ? "Pausing" : "Resuming", set.Paused ? "the guest is asked to stand still" : "the guest may run on");
    });

    private async Task ChangeAsync(VirtualMachineInstance instance, string name, Func<NodeConnection, Task> change)
    {
        if (nodes.Find(name) is not { } node)
            return;
        try
        {
            await change(node);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.ResourceExhausted or StatusCode.Unimplemented)
        {
            events.Warning(instance, "SyncFailed", $"node {name}: {e.Status.Detail}");
            throw;
        }
    }

    private async Task RemoveNetworksAsync(VirtualMachineInstance instance, IReadOnlyList<string> names, CancellationToken ct)
    {
        var (spec, devices) = (instance.Spec, instance.Spec.Domain.Devices);
        var without = instance with
        {
            Spec = spec with
            {
                Networks = spec.Networks?.Where(network => !names.Contains(network.Name)).ToList(),
                Domain = spec.Domain with { Devices = devices with { Interfaces = devices.Interfaces?.Where(nic => !names.Contains(nic.Name)).ToList() } },
            },
        };
        if (Patch.Between(KubeVirt.Instances, instance, without, onlyIfUnchanged: true) is { } patch)
            await _instances.PatchAsync(instance.Key, patch, ct);
    }

    // A machine whose pod is gone has nobody left who would delete it. The pod is looked up, because an informer that
    // is behind does not know the newest ones.
    private async Task RemoveOrphansAsync(ObjectKey instance, CancellationToken ct)
    {
        foreach (var (node, machine) in nodes.MachinesOf(instance))
        {
            var key = new ObjectKey(machine.Plan.Pod.Namespace, machine.Plan.Pod.Name);
            if (cluster.Pods.Store.Get(key)?.Uid == machine.Id)
                continue;
            if ((await _pods.FindAsync(key, ct))?.Uid != machine.Id)
                await DeleteMachineAsync(node, machine.Id, grace: null, ct);
        }
    }

    private void Tell(VirtualMachineInstance before, VirtualMachineInstance after)
    {
        var ready = after.Status?.Conditions.Find(InstanceCondition.Ready);
        if (before.Status?.Phase != after.Status?.Phase)
        {
            Log.InstancePhase(log, after.Key, after.Status?.Phase ?? "");
            switch (after.Status?.Phase)
            {
                case InstancePhase.Running:
                    events.Normal(after, "Started", $"the guest runs on node {after.Status.NodeName}");
                    break;
                case InstancePhase.Succeeded:
                    events.Normal(after, "Stopped", "the guest shut down");
                    break;
                case InstancePhase.Failed:
                    events.Warning(after, "Stopped", $"{after.Status.Reason}: {ready?.Message}");
                    break;
            }
        }
        TellCondition(before, after, InstanceCondition.FieldsNotActedOn, Condition.True, "NotSupported", "not acted on: ");
        TellCondition(before, after, InstanceCondition.Synchronized, Condition.False, "SyncFailed", "");
        if (ready is { Reason: "NodeNotReady" } && before.Status?.Conditions.Find(InstanceCondition.Ready)?.Reason != ready.Reason)
            events.Warning(after, "NodeNotReady", ready.Message ?? "");
        TellCondition(before, after, InstanceCondition.RestartRequired, Condition.True, "RestartRequired", "");
        TellCondition(before, after, InstanceCondition.MigrationRequired, Condition.True, "MigrationRequired", "");
    }

    private void TellCondition(VirtualMachineInstance before, VirtualMachineInstance after, string type, string status, string reason, string prefix)
    {
        var now = after.Status?.Conditions.Find(type);
        if (now?.Status == status && now.Message != before.Status?.Conditions.Find(type)?.Message)
            events.Warning(after, reason, prefix + now.Message);
    }

    private DateTime Deadline() => time.GetUtcNow().UtcDateTime + CallLimit;
}
