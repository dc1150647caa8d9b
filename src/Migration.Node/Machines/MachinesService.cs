using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Migration.Node.Migrations;
using Migration.Node.Networks;
using Migration.Node.State;
using Migration.Protos;
using Wire = Migration.Protos;

namespace Migration.Node.Machines;

/// <summary>The contract's Machines service.</summary>
internal sealed class MachinesService(MachineRoom machines, MigrationDesk migrations, IHostApplicationLifetime lifetime) : Wire.Machines.MachinesBase
{
    public override Task<EnsureMachineResponse> EnsureMachine(EnsureMachineRequest request, ServerCallContext context) =>
        Task.FromResult(new EnsureMachineResponse { Machine = MachineMapping.ToWire(machines.Ensure(MachineMapping.ToPlan(request.Plan))) });

    public override Task<DeleteMachineResponse> DeleteMachine(DeleteMachineRequest request, ServerCallContext context)
    {
        machines.Delete(Identifier.Checked(request.Id, "id"), request.GracePeriod?.ToTimeSpan());
        migrations.MachineDeleted(request.Id);
        return Task.FromResult(new DeleteMachineResponse());
    }

    public override Task<GetMachineResponse> GetMachine(GetMachineRequest request, ServerCallContext context) =>
        Task.FromResult(new GetMachineResponse { Machine = MachineMapping.ToWire(machines.Get(request.Id).Snapshot) });

    public override Task<ListMachinesResponse> ListMachines(ListMachinesRequest request, ServerCallContext context)
    {
        var response = new ListMachinesResponse();
        response.Machines.AddRange(machines.List().Select(MachineMapping.ToWire));
        return Task.FromResult(response);
    }

    public override async Task WatchMachines(WatchMachinesRequest request, IServerStreamWriter<WatchMachinesResponse> responseStream, ServerCallContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var listening = machines.Watch(out var now);
        foreach (var machine in now)
            await responseStream.WriteAsync(new WatchMachinesResponse { Machine = MachineMapping.ToWire(machine) }, either.Token);
        await responseStream.WriteAsync(new WatchMachinesResponse { Synced = true }, either.Token);
        await foreach (var change in listening.Changes.ReadAllAsync(either.Token))
            await responseStream.WriteAsync(new WatchMachinesResponse { Machine = MachineMapping.ToWire(change.Machine), Deleted = change.Deleted }, either.Token);
    }

    public override Task<PauseResponse> Pause(PauseRequest request, ServerCallContext context)
    {
        SetPaused(request.Id, paused: true);
        return Task.FromResult(new PauseResponse());
    }

    public override Task<ResumeResponse> Resume(ResumeRequest request, ServerCallContext context)
    {
        SetPaused(request.Id, paused: false);
        return Task.FromResult(new ResumeResponse());
    }

    public override Task<HotplugInterfaceResponse> HotplugInterface(HotplugInterfaceRequest request, ServerCallContext context)
    {
        var nic = NetworkMapping.ToInterface(request.Interface ?? throw new RefusedException(Refusal.Malformed, "interface is missing"));
        ChangeInterfaces(request.Id, (record, interfaces) =>
        {
            var next = interfaces.Where(one => one.Name != nic.Name).Append(nic).ToList();
            MachineMapping.CheckTogether(next);
            if (nic.Delegate is null && !machines.Network.IsReachable(record.Plan, nic))
                throw new RefusedException(Refusal.NotNow, $"interface {nic.Name}: pod {record.Plan.Pod} has no NIC {nic.PodInterface} yet");
            return interfaces.Any(one => one.Name == nic.Name) ? [.. interfaces.Select(one => one.Name == nic.Name ? nic : one)] : next;
        });
        return Task.FromResult(new HotplugInterfaceResponse());
    }

    public override Task<UnplugInterfaceResponse> UnplugInterface(UnplugInterfaceRequest request, ServerCallContext context)
    {
        if (request.Name.Length == 0)
            throw new RefusedException(Refusal.Malformed, "name is empty");
        ChangeInterfaces(request.Id, (_, interfaces) => [.. interfaces.Where(nic => nic.Name != request.Name)]);
        return Task.FromResult(new UnplugInterfaceResponse());
    }

    public override Task<SetLinkStateResponse> SetLinkState(SetLinkStateRequest request, ServerCallContext context)
    {
        var state = request.Up ? Networks.LinkState.Up : Networks.LinkState.Down;
        ChangeInterfaces(request.Id, (_, interfaces) => interfaces.Any(nic => nic.Name == request.Name)
            ? [.. interfaces.Select(nic => nic.Name == request.Name ? nic with { LinkState = state } : nic)]
            : throw new RefusedException(Refusal.Malformed, $"machine {request.Id} has no interface {request.Name}"));
        return Task.FromResult(new SetLinkStateResponse());
    }

    /// <summary>What a started machine is to have; the rest is its owner's work.</summary>
    private void ChangeInterfaces(string id, Func<MachineRecord, IReadOnlyList<InterfacePlan>, IReadOnlyList<InterfacePlan>> change)
    {
        var machine = Idle(id);
        if (machine.Snapshot.Phase is not (MachinePhase.Running or MachinePhase.Paused))
            throw new RefusedException(Refusal.NotNow, $"machine {id} is {machine.Snapshot.Phase}");
        machine.Change(record => Replan.WithInterfaces(record, change(record, record.Plan.Interfaces)));
    }

    private void SetPaused(string id, bool paused)
    {
        var machine = Idle(id);
        if (machine.Snapshot.Phase is not (MachinePhase.Running or MachinePhase.Paused))
            throw new RefusedException(Refusal.NotNow, $"machine {id} is {machine.Snapshot.Phase}");
        machine.Change(record => record.Paused == paused ? record : record with { Paused = paused });
    }

    private Machine Idle(string id)
    {
        var machine = machines.Get(id);
        return machine.Snapshot.MigrationId is { } migration
            ? throw new RefusedException(Refusal.Busy, $"machine {id}: migration {migration} is in flight")
            : machine;
    }
}
