using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Kubernetes;
using Outcome = Migration.Kubernetes.Outcome;

namespace Migration.Controllers.Evacuation;

/// <summary>Makes the migrations of guests whose node is to be emptied.</summary>
public sealed class EvacuationReconciler(
    KubernetesClient client, ClusterView cluster, string drainTaint, string clusterStrategy, EventRecorder events, TimeProvider time, ILogger<EvacuationReconciler> log)
    : IReconciler
{
    private readonly ResourceClient<VirtualMachineInstanceMigration> _migrations = client.For(KubeVirt.Migrations);
    private readonly ResourceClient<VirtualMachineInstance> _instances = client.For(KubeVirt.Instances);
    private readonly ResourceClient<Pod> _pods = client.For(Kinds.Pods);
    private readonly StatusWriter<VirtualMachineInstance> _status = new(client.For(KubeVirt.Instances));

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.Instances.Store.Get(key) is not { } instance)
            return Outcome.Done;
        var step = EvacuationPlan.Next(Observe(instance));
        var written = await _status.WriteAsync(instance, instance with { Status = step.Status }, ct);
        await PerformAsync(written, step.Action, ct);
        return Outcome.Done;
    }

    private EvacuationObservation Observe(VirtualMachineInstance instance) => new()
    {
        Instance = instance,
        Node = cluster.Node(instance.Status?.NodeName),
        Pod = cluster.Pods.Store.Get(new ObjectKey(instance.Metadata.Namespace ?? "", InstanceObservation.CurrentPodOf(instance))),
        Migrations = cluster.MigrationsOf(instance.Key),
        DrainTaint = drainTaint,
        ClusterStrategy = clusterStrategy,
        Now = time.GetUtcNow(),
    };

    private async Task PerformAsync(VirtualMachineInstance instance, EvacuationAction action, CancellationToken ct)
    {
        switch (action)
        {
            case EvacuationAction.Wait:
                break;
            case EvacuationAction.CreateMigration create:
                await CreateAsync(instance, create.Job, ct);
                break;
            case EvacuationAction.MarkPod mark:
                var marked = mark.Pod with { Metadata = mark.Pod.Metadata.WithAnnotation(Annotations.EvictionInProgress, "kubevirt") };
                if (Patch.Between(Kinds.Pods, mark.Pod, marked, onlyIfUnchanged: true) is { } patch)
                    await _pods.PatchAsync(mark.Pod.Key, patch, ct);
                break;
            default:
                throw new InvalidOperationException($"no way to do {action}");
        }
    }

    private async Task CreateAsync(VirtualMachineInstance instance, VirtualMachineInstanceMigration job, CancellationToken ct)
    {
        // A view that the API server has moved on from may be of before the guest moved.
        await _instances.EnsureFreshAsync(instance, ct);
        try
        {
            await _migrations.CreateAsync(job, ct);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            return;
        }
        events.Normal(instance, "SuccessfulCreate", $"Created migration {job.Metadata.Name}: the guest is to leave node {instance.Status?.NodeName}");
        Log.EvacuationCreated(log, job.Key, instance.Key, instance.Status?.NodeName ?? "");
    }
}
