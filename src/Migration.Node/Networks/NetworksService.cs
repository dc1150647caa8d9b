using Grpc.Core;
using Migration.Node.Machines;
using Migration.Protos;
using Wire = Migration.Protos;

namespace Migration.Node.Networks;

/// <summary>The contract's Networks service.</summary>
internal sealed class NetworksService(Attachments attachments, MachineRoom machines) : Wire.Networks.NetworksBase
{
    private static readonly TimeSpan PlanPatience = TimeSpan.FromSeconds(10);

    public override async Task<AttachResponse> Attach(AttachRequest request, ServerCallContext context)
    {
        var key = NetworkMapping.ToKey(request.Key);
        var pod = NetworkMapping.ToPod(request.Pod);
        if (request.NamespacePath.Length == 0)
            throw new RefusedException(Refusal.Malformed, "namespace_path is empty");
        var (nic, hostName) = request.Interface is { } given
            ? (NetworkMapping.ToInterface(given), "")
            : await PlannedAsync(key, pod, request.PlanTimeout?.ToTimeSpan() ?? PlanPatience, context.CancellationToken);
        return new AttachResponse { Attachment = NetworkMapping.ToWire(attachments.Attach(key, pod, request.NamespacePath, nic, hostName)) };
    }

    public override Task<DetachResponse> Detach(DetachRequest request, ServerCallContext context)
    {
        attachments.Detach(NetworkMapping.ToKey(request.Key), request.NamespacePath);
        return Task.FromResult(new DetachResponse());
    }

    public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context)
    {
        attachments.Check(NetworkMapping.ToKey(request.Key), request.NamespacePath);
        return Task.FromResult(new CheckResponse());
    }

    public override Task<CollectResponse> Collect(CollectRequest request, ServerCallContext context)
    {
        if (request.Network.Length == 0)
            throw new RefusedException(Refusal.Malformed, "network is empty");
        var response = new CollectResponse();
        response.Removed.AddRange(attachments.Collect(request.Network, request.Valid.Select(NetworkMapping.ToKey).ToHashSet()).Select(NetworkMapping.ToWire));
        return Task.FromResult(response);
    }

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) =>
        Task.FromResult(new StatusResponse { Ready = true });

    public override Task<ListAttachmentsResponse> ListAttachments(ListAttachmentsRequest request, ServerCallContext context)
    {
        var response = new ListAttachmentsResponse();
        response.Attachments.AddRange(attachments.List().Select(NetworkMapping.ToWire));
        return Task.FromResult(response);
    }

    /// <summary>What the plan wants of this NIC: null is nothing.</summary>
    private async Task<(InterfacePlan?, string)> PlannedAsync(AttachmentKey key, PodIdentity pod, TimeSpan patience, CancellationToken ct)
    {
        if (pod.Uid.Length == 0)
            throw new RefusedException(Refusal.Malformed, "pod.uid is empty: it is what the plan is found by");
        var plan = await machines.WaitForPlanAsync(pod.Uid, patience, ct)
            ?? throw new RefusedException(Refusal.Later, $"no plan for pod {pod} ({pod.Uid}) arrived within {patience.TotalSeconds:0.#} s");
        return (plan.Interfaces.FirstOrDefault(nic => nic.PodInterface == key.InterfaceName), plan.InstanceName);
    }
}
