using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Evacuation;

/// <summary>
/// Asked before every eviction of a launcher pod. Looks at pod and instance as they are now, judges, and marks the
/// instance whose guest is to leave.
/// </summary>
public sealed class EvictionReview(KubernetesClient client, string clusterStrategy, EventRecorder events, ILogger<EvictionReview> log)
{
    private readonly ResourceClient<Pod> _pods = client.For(Kinds.Pods);
    private readonly ResourceClient<VirtualMachineInstance> _instances = client.For(KubeVirt.Instances);

    public AdmissionEndpoint Endpoint => new("/admit/evictions", IsMutating: false, AnswerAsync)
    {
        Group = "",
        Versions = ["v1"],
        Resource = "pods/eviction",
        Operations = [AdmissionOperation.Create],
        HasSideEffects = true,
        // A guest that could have moved is not to be lost because nobody could say so.
        IsRequired = true,
        // All other pods are none of our business, and must not wait for us.
        Condition = "request.name.startsWith('virt-launcher-')",
    };

    private async Task<AdmissionResponse> AnswerAsync(AdmissionRequest request, CancellationToken ct)
    {
        var pod = await _pods.FindAsync(new ObjectKey(request.Namespace ?? "", request.Name ?? ""), ct);
        var instance = pod?.Instance is { } key ? await _instances.FindAsync(key, ct) : null;
        var verdict = pod is null ? EvictionVerdict.Allow : EvictionRule.Judge(pod, instance, clusterStrategy);
        if (request.DryRun != true && instance is not null)
            await ActAsync(instance, verdict, ct);
        return new AdmissionResponse
        {
            Uid = request.Uid,
            Allowed = verdict.Allowed,
            Status = verdict.Allowed ? null : new Status { Code = (int)HttpStatusCode.TooManyRequests, Reason = "TooManyRequests", Message = verdict.Message },
        };
    }

    private async Task ActAsync(VirtualMachineInstance instance, EvictionVerdict verdict, CancellationToken ct)
    {
        if (verdict is { Allowed: true, Message.Length: > 0 })
            events.Warning(instance, "AnchorEvicted", verdict.Message);
        if (verdict.Evacuate is not { } node)
            return;
        var mark = new JsonObject { ["status"] = new JsonObject { ["evacuationNodeName"] = node } };
        await _instances.PatchStatusAsync(instance.Key, Patch.Merge(mark), ct);
        events.Normal(instance, "EvictionRequested", verdict.Message);
        Log.EvacuationRequested(log, instance.Key, node);
    }
}
