using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.VirtualMachines;

/// <summary>Gives every VirtualMachine the VirtualMachineInstance that it is to have, or none.</summary>
public sealed class VirtualMachineReconciler(KubernetesClient client, ClusterView cluster, EventRecorder events, TimeProvider time, ILogger<VirtualMachineReconciler> log) : IReconciler
{
    // Everything we wait for wakes us; this is for what nobody thought of.
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(1);

    private readonly ResourceClient<VirtualMachine> _machines = client.For(KubeVirt.VirtualMachines);
    private readonly ResourceClient<VirtualMachineInstance> _instances = client.For(KubeVirt.Instances);
    private readonly StatusWriter<VirtualMachine> _status = new(client.For(KubeVirt.VirtualMachines));

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.VirtualMachines.Store.Get(key) is not { } machine)
            return Outcome.Done;

        var now = time.GetUtcNow();
        var step = VirtualMachinePlan.Next(new VirtualMachineObservation { Machine = machine, Instance = cluster.Instances.Store.Get(key), Now = now });
        var written = step.Action is VirtualMachineAction.AddFinalizer ? machine : await _status.WriteAsync(machine, machine with { Status = step.Status }, ct);
        Tell(machine, written);
        await PerformAsync(written, step.Action, ct);
        return Outcome.Again(step.Action is VirtualMachineAction.WaitUntil until && until.Time - now < Resync ? until.Time - now : Resync);
    }

    private async Task PerformAsync(VirtualMachine machine, VirtualMachineAction action, CancellationToken ct)
    {
        switch (action)
        {
            case VirtualMachineAction.Wait or VirtualMachineAction.WaitUntil:
                break;
            case VirtualMachineAction.AddFinalizer:
                await _machines.EnsureFinalizerAsync(machine, FinalizerNames.VirtualMachine, ct);
                break;
            case VirtualMachineAction.RemoveFinalizer:
                await _machines.RemoveFinalizerAsync(machine, FinalizerNames.VirtualMachine, ct);
                Log.VirtualMachineGone(log, machine.Key);
                break;
            case VirtualMachineAction.CreateInstance create:
                await CreateAsync(machine, create.Instance, ct);
                break;
            case VirtualMachineAction.DeleteInstance delete:
                await DeleteAsync(machine, delete, ct);
                break;
            case VirtualMachineAction.Adopt adopt:
                await PatchAsync(_instances, adopt.Instance, adopt.Adopted, ct);
                break;
            case VirtualMachineAction.UpdateInstance update:
                await PatchAsync(_instances, update.Instance, update.Updated, ct);
                events.Normal(machine, "TemplateCarriedOver", "the instance follows an edit of the template");
                break;
            case VirtualMachineAction.Update update:
                // The status has been written in between; what is changed is the spec.
                await PatchAsync(_machines, machine, machine with { Spec = update.Updated.Spec }, ct);
                break;
            default:
                throw new InvalidOperationException($"no way to do {action}");
        }
    }

    private async Task CreateAsync(VirtualMachine machine, VirtualMachineInstance instance, CancellationToken ct)
    {
        await _machines.EnsureFreshAsync(machine, ct);
        try
        {
            await _instances.CreateAsync(instance, ct);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            return;
        }
        catch (KubernetesException e) when (!e.IsTransient)
        {
            await FailAsync(machine, e.Message, ct);
            throw;
        }
        events.Normal(machine, "SuccessfulCreate", $"Started the virtual machine by creating the new virtual machine instance {instance.Metadata.Name}");
        Log.InstanceMade(log, instance.Key);
    }

    // It stays until an instance is made, or none is to be made any more.
    private async Task FailAsync(VirtualMachine machine, string why, CancellationToken ct)
    {
        var condition = new Condition { Type = VirtualMachineCondition.Failure, Status = Condition.True, Reason = "FailedCreate", Message = why };
        var status = machine.Status ?? new VirtualMachineStatus();
        var failed = machine with { Status = status with { Conditions = status.Conditions.With(condition, time.GetUtcNow()) } };
        Tell(machine, await _status.WriteAsync(machine, failed, ct));
    }

    // Exactly as it was seen: one that was given to somebody else, or orphaned, in between is not ours to delete.
    private async Task DeleteAsync(VirtualMachine machine, VirtualMachineAction.DeleteInstance delete, CancellationToken ct)
    {
        await _instances.EnsureDeletedAsync(delete.Instance, DeleteOptions.OnlyUnchanged(delete.Instance), ct);
        events.Normal(machine, "SuccessfulDelete", $"Stopped the virtual machine by deleting the virtual machine instance {delete.Instance.Metadata.Name}: {delete.Why}");
        Log.InstanceEnded(log, delete.Instance.Key, delete.Why);
    }

    private static async Task PatchAsync<T>(ResourceClient<T> resource, T before, T after, CancellationToken ct)
        where T : KubernetesObject
    {
        if (Patch.Between(resource.Kind, before, after, onlyIfUnchanged: true) is { } patch)
            await resource.PatchAsync(before.Key, patch, ct);
    }

    private void Tell(VirtualMachine before, VirtualMachine after)
    {
        foreach (var type in (string[])[VirtualMachineCondition.Failure, VirtualMachineCondition.RestartRequired, InstanceCondition.FieldsNotActedOn])
        {
            var now = after.Status?.Conditions.Find(type);
            if (now?.Status == Condition.True && now.Message != before.Status?.Conditions.Find(type)?.Message)
                events.Warning(after, type == InstanceCondition.RestartRequired ? type : now.Reason ?? type, (type == InstanceCondition.FieldsNotActedOn ? "not acted on: " : "") + now.Message);
        }
    }
}
