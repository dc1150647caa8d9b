using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Nodes;

/// <summary>
/// One node service: calls to it, and the machines it says it has. Its stream of machines is followed for as long as
/// this lives, dialled again with back-off; every new stream begins with the full listing, which replaces what was
/// known. Between streams nothing is known.
/// </summary>
public sealed class NodeConnection : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Action<ObjectKey> _machineChanged;
    private readonly Action<string> _reached;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly GrpcChannel _channel;
    private readonly Task _following;

    // Null while the node's listing is not known. Replaced as a whole by the one loop that writes it.
    private volatile Dictionary<string, Machine>? _machines;

    /// <param name="name">The node.</param>
    /// <param name="address">Of its node service.</param>
    /// <param name="certificates">To prove ourselves, and to know it.</param>
    /// <param name="machineChanged">Called with the instance of every machine that changed, from the following loop.</param>
    /// <param name="reached">Called when the listing became known, or unknown again.</param>
    /// <param name="time">For pauses.</param>
    /// <param name="log">For what happens to the connection.</param>
    public NodeConnection(
        string name, Uri address, NodeCertificates certificates, Action<ObjectKey> machineChanged, Action<string> reached, TimeProvider time, ILogger log)
    {
        (Name, Address, _machineChanged, _reached, _time, _log) = (name, address, machineChanged, reached, time, log);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = certificates.ConnectionsTo(name), DisposeHttpClient = true });
        Machines = new Machines.MachinesClient(_channel);
        Migrations = new Protos.Migrations.MigrationsClient(_channel);
        Facts = new Protos.Node.NodeClient(_channel);
        _following = FollowAsync(_stop.Token);
    }

    public string Name { get; }

    public Uri Address { get; }

    public Machines.MachinesClient Machines { get; }

    public Protos.Migrations.MigrationsClient Migrations { get; }

    /// <summary>What the node is and can do.</summary>
    public Protos.Node.NodeClient Facts { get; }

    /// <summary>Whether the node can be asked, as far as is known.</summary>
    public bool IsReached => _machines is not null;

    public MachineView Find(string id) => _machines switch
    {
        null => MachineView.Unknown,
        var machines => machines.TryGetValue(id, out var machine) ? MachineView.Of(machine) : MachineView.Absent,
    };

    /// <summary>Whose machines the node has.</summary>
    public IEnumerable<ObjectKey> Instances =>
        _machines?.Values.Where(machine => machine.Plan is not null).Select(machine => new ObjectKey(machine.Plan.InstanceNamespace, machine.Plan.InstanceName)).Distinct() ?? [];

    public IEnumerable<Machine> MachinesOf(ObjectKey instance) =>
        _machines?.Values.Where(machine => machine.Plan?.InstanceName == instance.Name && machine.Plan.InstanceNamespace == instance.Namespace) ?? [];

    /// <summary>Takes over what the node itself answered, ahead of its stream; an older version than the known one is ignored.</summary>
    public void Saw(Machine machine)
    {
        while (_machines is { } known)
        {
            if (known.TryGetValue(machine.Id, out var before) && before.Version >= machine.Version)
                return;
            if (ReferenceEquals(Interlocked.CompareExchange(ref _machines, new Dictionary<string, Machine>(known) { [machine.Id] = machine }, known), known))
                return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _channel.Dispose();
        _stop.Dispose();
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        var pause = FirstPause;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await FollowOnceAsync(() => pause = FirstPause, ct);
            }
            catch (RpcException e) when (!ct.IsCancellationRequested)
            {
                Log.NodeLost(_log, Name, e.Status.Detail);
            }
            catch (Exception e) when (e is OperationCanceledException or RpcException)
            {
                break;
            }
            if (Forget())
                _reached(Name);
            pause = await PauseAsync(pause, ct);
        }
    }

    private async Task FollowOnceAsync(Action connected, CancellationToken ct)
    {
        using var call = Machines.WatchMachines(new WatchMachinesRequest(), cancellationToken: ct);
        var listing = new Dictionary<string, Machine>();
        while (await call.ResponseStream.MoveNext(ct))
        {
            var response = call.ResponseStream.Current;
            if (_machines is not null)
            {
                Change(response);
            }
            else if (response.Synced)
            {
                connected();
                _machines = listing;
                Log.NodeReached(_log, Name, listing.Count);
                _reached(Name);
            }
            else if (response.Machine is { } machine)
            {
                Apply(listing, machine, response.Deleted);
            }
        }
    }

    private void Change(WatchMachinesResponse response)
    {
        if (response.Machine is not { } machine)
            return;
        while (_machines is { } known)
        {
            var next = new Dictionary<string, Machine>(known);
            Apply(next, machine, response.Deleted);
            if (ReferenceEquals(Interlocked.CompareExchange(ref _machines, next, known), known))
                break;
        }
        if (machine.Plan is { } plan)
            _machineChanged(new ObjectKey(plan.InstanceNamespace, plan.InstanceName));
    }

    private static void Apply(Dictionary<string, Machine> machines, Machine machine, bool deleted)
    {
        if (deleted)
            machines.Remove(machine.Id);
        else
            machines[machine.Id] = machine;
    }

    private bool Forget() => Interlocked.Exchange(ref _machines, null) is not null;

    private async Task<TimeSpan> PauseAsync(TimeSpan pause, CancellationToken ct)
    {
        try
        {
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _time, ct);
        }
        catch (OperationCanceledException)
        {
            return pause;
        }
        return pause * 2 < LongestPause ? pause * 2 : LongestPause;
    }
}
