using Grpc.Core;
using Microsoft.Extensions.Logging;
using Migration.Node.Machines;
using Migration.Node.Networks.Delegates;
using Migration.Protos;
using Wire = Migration.Protos;

namespace Migration.Node.Networks;

/// <summary>The contract's Networks service.</summary>
internal sealed class NetworksService(
    Attachments attachments, PodNetworks pods, NetworkReadiness readiness, MachineRoom machines, Journal journal, ILogger<NetworksService> log) : Wire.Networks.NetworksBase
{
    private static readonly TimeSpan PlanPatience = TimeSpan.FromSeconds(10);

    public override async Task<AttachResponse> Attach(AttachRequest request, ServerCallContext context)
    {
        var key = NetworkMapping.ToKey(request.Key);
        var pod = NetworkMapping.ToPod(request.Pod);
        if (request.NamespacePath.Length == 0)
            throw new RefusedException(Refusal.Malformed, "namespace_path is empty");
        await journal.SettleAsync(key);
        if (request.Interface is { } given)
            return Answer(await AttachGivenAsync(key, pod, request.NamespacePath, NetworkMapping.ToInterface(given)));
        if (pod.Uid.Length == 0)
            throw new RefusedException(Refusal.Malformed, "pod.uid is empty: it is what the plan is found by");
        if (machines.PlanOf(pod.Uid) is null && AnnotatedInterface.Read(key.InterfaceName, request.PodAnnotations) is { } annotated)
            return Answer(AttachEarly(key, pod, request.NamespacePath, annotated));
        var plan = await WaitForPlanAsync(pod, request.PlanTimeout?.ToTimeSpan() ?? PlanPatience, context.CancellationToken);
        return Answer(await pods.AttachAsync(key, pod, request.NamespacePath, plan, context.CancellationToken));
    }

    public override async Task<DetachResponse> Detach(DetachRequest request, ServerCallContext context)
    {
        await pods.DetachAsync(NetworkMapping.ToKey(request.Key), request.NamespacePath, request.Promptly);
        return new DetachResponse();
    }

    public override async Task<CheckResponse> Check(CheckRequest request, ServerCallContext context)
    {
        await pods.CheckAsync(NetworkMapping.ToKey(request.Key), request.NamespacePath);
        return new CheckResponse();
    }

    public override async Task<CollectResponse> Collect(CollectRequest request, ServerCallContext context)
    {
        if (request.Network.Length == 0)
            throw new RefusedException(Refusal.Malformed, "network is empty");
        var response = new CollectResponse();
        response.Removed.AddRange((await pods.CollectAsync(request.Network, request.Valid.Select(NetworkMapping.ToKey).ToHashSet())).Select(NetworkMapping.ToWire));
        return response;
    }

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) =>
        Task.FromResult((attachments.Obstacle, readiness.Problem()) switch
        {
            ({ } obstacle, _) => new StatusResponse { Reason = obstacle, ExistingLimited = attachments.HasUnserved },
            (_, { } problem) => new StatusResponse { Reason = problem.Message, ExistingLimited = problem.CniError?.Code is CniError.NotAvailableAndLimited },
            _ => new StatusResponse { Ready = true },
        });

    public override Task<ListAttachmentsResponse> ListAttachments(ListAttachmentsRequest request, ServerCallContext context)
    {
        var response = new ListAttachmentsResponse();
        response.Attachments.AddRange(attachments.List().Select(NetworkMapping.ToWire));
        return Task.FromResult(response);
    }

    private async Task<Attachment> AttachGivenAsync(AttachmentKey key, PodIdentity pod, string namespacePath, InterfacePlan nic) =>
        nic.Delegate is null ? attachments.Attach(key, pod, namespacePath, nic, "") : await pods.AttachAsync(key, pod, namespacePath, nic);

    private Attachment AttachEarly(AttachmentKey key, PodIdentity pod, string namespacePath, AnnotatedInterface annotated)
    {
        if (annotated.Ignored.Count > 0)
            Log.AnnotationIgnored(log, pod.ToString(), string.Join(' ', annotated.Ignored));
        var attachment = attachments.Attach(key, pod, namespacePath, annotated.Plan, annotated.HostName, byAnnotation: true);
        Log.BoundByAnnotation(log, key.ToString(), pod.ToString());
        if (machines.PlanOf(pod.Uid) is not { } plan)
            return attachment;
        // It came meanwhile, and found this ADD in its way.
        attachments.Settle(plan);
        return attachments.OfPod(pod.Uid).FirstOrDefault(settled => settled.Key == key) ?? attachment;
    }

    private async Task<Machines.MachinePlan> WaitForPlanAsync(PodIdentity pod, TimeSpan patience, CancellationToken ct) =>
        await machines.WaitForPlanAsync(pod.Uid, patience, ct)
        ?? throw new RefusedException(Refusal.Later, $"no plan for pod {pod} ({pod.Uid}) arrived within {patience.TotalSeconds:0.#} s");

    private static AttachResponse Answer(Attachment attachment) => new() { Attachment = NetworkMapping.ToWire(attachment) };
}
