using System.Net;
using Grpc.Core;
using Migration.Protos;

namespace Migration.Local.Bench.Scale;

/// <summary>The Machines service of all nodes: the address that was called says whose.</summary>
internal sealed class SimulatedMachines(Dictionary<IPAddress, SimulatedNode> nodes) : Machines.MachinesBase
{
    public override Task<EnsureMachineResponse> EnsureMachine(EnsureMachineRequest request, ServerCallContext context) =>
        Task.FromResult(new EnsureMachineResponse { Machine = Node(context).Ensure(request.Plan) });

    public override Task<DeleteMachineResponse> DeleteMachine(DeleteMachineRequest request, ServerCallContext context)
    {
        Node(context).Delete(request.Id);
        return Task.FromResult(new DeleteMachineResponse());
    }

    public override Task<GetMachineResponse> GetMachine(GetMachineRequest request, ServerCallContext context) =>
        Task.FromResult(new GetMachineResponse { Machine = Node(context).Find(request.Id) });

    public override Task<ListMachinesResponse> ListMachines(ListMachinesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListMachinesResponse { Machines = { Node(context).List() } });

    public override async Task WatchMachines(WatchMachinesRequest request, IServerStreamWriter<WatchMachinesResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in Node(context).WatchMachines().ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(change);
    }

    private SimulatedNode Node(ServerCallContext context) => nodes[context.GetHttpContext().Connection.LocalIpAddress!];
}
