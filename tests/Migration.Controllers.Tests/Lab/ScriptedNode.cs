using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Migration.Local.ApiServer;
using Migration.Protos;

namespace Migration.Controllers.Tests.Lab;

/// <summary>
/// A node service behind real gRPC and mutual TLS, whose machines are only states. What a test sets here decides how
/// machines start and migrations end. The state outlives a restart of the service, as it does on a node.
/// </summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    /// <summary>Protects everything below but the web application.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Machine> _machines = [];
    private readonly Dictionary<string, MigrationState> _migrations = [];
    private readonly Dictionary<string, string> _tokens = [];
    private readonly Dictionary<string, string> _targets = [];
    private readonly List<Channel<WatchMachinesResponse>> _machineWatchers = [];
    private readonly Dictionary<string, List<Channel<MigrationState>>> _migrationWatchers = [];
    private readonly ConcurrentDictionary<string, Queue<Fault>> _faults = new();

    private readonly Guests _guests;
    private readonly IssuedCertificate _certificate;
    private readonly IPEndPoint _endpoint;
    private readonly Func<string, ScriptedNode> _peers;
    private ulong _version;
    private WebApplication? _web;

    public ScriptedNode(string name, IPEndPoint endpoint, IssuedCertificate certificate, Guests guests, Func<string, ScriptedNode> peers) =>
        (Name, _endpoint, _certificate, _guests, _peers) = (name, endpoint, certificate, guests, peers);

    public string Name { get; }

    /// <summary>Calls received, by name, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>What it was asked to send away.</summary>
    public ConcurrentQueue<StartOutgoingRequest> Outgoing { get; } = [];

    /// <summary>A machine stays planned until the test lets it go on.</summary>
    public bool HoldMachines { get; set; }

    /// <summary>A migration stays in COPYING until the test lets it go on.</summary>
    public bool HoldCopies { get; set; }

    /// <summary>A guest keeps what it is asked to let go of, until the test lets it.</summary>
    public bool HoldUnplugs { get; set; }

    /// <summary>NICs that somebody else made in the node's pods.</summary>
    public ConcurrentDictionary<string, bool> PodInterfaces { get; } = [];

    /// <summary>Why an arriving guest cannot be prepared for, or null.</summary>
    public string? FailArrivals { get; set; }

    /// <summary>Why an outgoing copy breaks, or null.</summary>
    public string? FailCopies { get; set; }

    public IReadOnlyList<Machine> Machines
    {
        get
        {
            lock (_gate)
                return [.. _machines.Values.Select(machine => machine.Clone())];
        }
    }

    public IReadOnlyList<MigrationState> Migrations
    {
        get
        {
            lock (_gate)
                return [.. _migrations.Values.Select(state => state.Clone())];
        }
    }

    /// <summary>The next call of this name fails; with <paramref name="afterwards"/> it is carried out, and its answer lost.</summary>
    public void Fail(string call, StatusCode code, string detail, bool afterwards = false) =>
        _faults.GetOrAdd(call, _ => new Queue<Fault>()).Enqueue(new Fault(code, detail, afterwards));

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "ScriptedNode" });
        builder.Services.AddSingleton(this).AddSingleton<IHostLifetime, NoLifetime>().AddRoutingCore().AddGrpc();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(_endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = _certificate.Certificate,
                ClientCertificateMode = ClientCertificateMode.RequireCertificate,
                ClientCertificateValidation = (shown, _, _) => shown.GetNameInfo(X509NameType.SimpleName, false) == "migration:controllers",
            });
        }));
        var web = builder.Build();
        web.UseRouting();
        web.MapGrpcService<MachinesScript>();
        web.MapGrpcService<MigrationsScript>();
        await web.StartAsync();
        _web = web;
    }

    /// <summary>The service goes away, as if killed; machines and migrations stay.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _web, null) is not { } web)
            return;
        lock (_gate)
        {
            _machineWatchers.ForEach(watcher => watcher.Writer.TryComplete());
            _machineWatchers.Clear();
            foreach (var watcher in _migrationWatchers.Values.SelectMany(watchers => watchers))
                watcher.Writer.TryComplete();
            _migrationWatchers.Clear();
        }
        await web.StopAsync();
        await web.DisposeAsync();
    }

    /// <summary>Machines that were held go on.</summary>
    public void ReleaseMachines()
    {
        HoldMachines = false;
        foreach (var machine in Machines.Where(machine => machine.Phase == MachinePhase.Planned))
            Begin(machine.Id);
    }

    /// <summary>Copies that were held go on.</summary>
    public void ReleaseCopies()
    {
        HoldCopies = false;
        foreach (var state in Migrations.Where(state => state is { Role: MigrationRole.Source, Phase: MigrationPhase.Copying or MigrationPhase.Switching or MigrationPhase.Undecided }))
            EndCopy(state.Id);
    }

    /// <summary>Guests let go of what they were asked for.</summary>
    public void ReleaseUnplugs()
    {
        HoldUnplugs = false;
        foreach (var machine in Machines)
        {
            lock (_gate)
                ChangeLocked(machine.Id, LetGo);
        }
    }

    /// <summary>The guest ends by itself.</summary>
    public void EndGuest(string machine, MachinePhase phase, string reason)
    {
        lock (_gate)
        {
            _guests.Stop(_machines[machine].Plan.InstanceUid, machine);
            ChangeLocked(machine, m => (m.Phase, m.Reason) = (phase, reason));
        }
    }

    /// <summary>Figures of a copy that is held.</summary>
    public void Report(string migration, MigrationProgress progress) => Change(migration, state => state.Progress = progress);

    /// <summary>The copy's phase, as a test wants it.</summary>
    public void Become(string migration, MigrationPhase phase, string reason) => Change(migration, state => (state.Phase, state.Reason) = (phase, reason));

    /// <summary>The node is as if it had been installed anew.</summary>
    public void Wipe()
    {
        lock (_gate)
        {
            _machines.Clear();
            _migrations.Clear();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private void Begin(string id)
    {
        lock (_gate)
        {
            var machine = _machines[id];
            if (machine.Plan.Incoming && FailArrivals is { } why)
                ChangeLocked(id, m => (m.Phase, m.Reason) = (MachinePhase.Failed, why));
            else if (machine.Plan.Incoming)
                ChangeLocked(id, m => m.Phase = MachinePhase.Incoming);
            else
                BootLocked(id, machine);
        }
    }

    private void BootLocked(string id, Machine machine)
    {
        _guests.Boot(machine.Plan.InstanceUid, id);
        ChangeLocked(id, m => (m.Phase, m.QemuPid) = (MachinePhase.Running, 1));
    }

    // The copy runs, the guest stops here and starts there, and both say so.
    private void EndCopy(string migration)
    {
        MigrationState state;
        lock (_gate)
            state = _migrations[migration].Clone();
        if (FailCopies is { } why)
        {
            Change(migration, s => (s.Phase, s.Reason, s.Ended) = (MigrationPhase.Failed, why, Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddYears(60))));
            return;
        }
        string instance;
        lock (_gate)
        {
            instance = _machines[state.MachineId].Plan.InstanceUid;
            _guests.Stop(instance, state.MachineId);
            ChangeLocked(state.MachineId, m => m.Phase = MachinePhase.Moved);
        }
        _peers(_targets[migration]).Arrive(migration, instance);
        Change(migration, s =>
        {
            (s.Phase, s.Reason, s.Ended) = (MigrationPhase.Succeeded, "", Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddYears(60)));
            (s.Downtime, s.TotalTime) = (Duration.FromTimeSpan(TimeSpan.FromMilliseconds(6.25)), Duration.FromTimeSpan(TimeSpan.FromSeconds(1.5)));
        });
    }

    private void Arrive(string migration, string instance)
    {
        lock (_gate)
        {
            var id = _migrations[migration].MachineId;
            _guests.Resume(instance, id);
            ChangeLocked(id, m => m.Phase = MachinePhase.Running);
            ChangeLocked(migration, s => s.Phase = MigrationPhase.Succeeded);
        }
    }

    private void Change(string migration, Action<MigrationState> change)
    {
        lock (_gate)
            ChangeLocked(migration, change);
    }

    private void ChangeLocked(string migration, Action<MigrationState> change)
    {
        var state = _migrations[migration].Clone();
        change(state);
        state.Version = ++_version;
        _migrations[migration] = state;
        foreach (var watcher in _migrationWatchers.GetValueOrDefault(migration) ?? [])
            watcher.Writer.TryWrite(state);
    }

    private void ChangeLocked(string machine, Action<Machine> change)
    {
        var next = _machines[machine].Clone();
        change(next);
        next.Version = ++_version;
        _machines[machine] = next;
        TellLocked(new WatchMachinesResponse { Machine = next });
    }

    private void TellLocked(WatchMachinesResponse response)
    {
        foreach (var watcher in _machineWatchers)
            watcher.Writer.TryWrite(response);
    }

    private async Task<T> AnswerAsync<T>(string call, Func<T> act)
    {
        Calls.Enqueue(call);
        await Task.Yield();
        var fault = _faults.TryGetValue(call, out var faults) && faults.TryDequeue(out var first) ? first : null;
        if (fault is { Afterwards: false })
            throw new RpcException(new Status(fault.Code, fault.Detail));
        var answer = act();
        return fault is null ? answer : throw new RpcException(new Status(fault.Code, fault.Detail));
    }

    // NICs beside the pod's first have no addresses here.
    private static InterfaceStatus Bound(Interface nic)
    {
        var isFirst = nic.PodInterface == "eth0";
        var mac = nic.Mac is { Length: > 0 } asked ? asked : isFirst ? "02:00:00:00:00:07" : "02:00:00:00:01:07";
        return new InterfaceStatus
        {
            Name = nic.Name,
            PodInterface = nic.PodInterface,
            Mac = mac,
            Binding = nic.Binding,
            Queues = Math.Max(1, nic.Queues),
            LinkState = nic.LinkState is LinkState.Unspecified ? LinkState.Up : nic.LinkState,
            Plugged = true,
            Lease = nic.Lease ?? (isFirst ? new Lease { Mac = mac, Addresses = { "10.244.1.7/24" }, Gateway = "10.244.1.1" } : null),
            Leased = isFirst,
        };
    }

    private const string PodNetwork = """{"name":"cbr0","interface":"eth0","ips":["10.244.1.7"],"mac":"02:00:00:00:00:07","default":true,"dns":{}}""";

    private static string Attached(MachinePlan plan) => plan.Interfaces.All(nic => nic.Delegate is null)
        ? ""
        : $"[{PodNetwork},{string.Join(',', plan.Interfaces.Where(nic => nic.Delegate is not null).Select(nic => $$"""{"name":"{{nic.Delegate.Name}}","interface":"{{nic.PodInterface}}","mac":"02:00:00:00:01:07","dns":{} }"""))}]";

    private static void LetGo(Machine machine)
    {
        foreach (var left in machine.Interfaces.Where(nic => machine.Plan.Interfaces.All(planned => planned.Name != nic.Name)).ToList())
            machine.Interfaces.Remove(left);
        machine.NetworkStatus = Attached(machine.Plan);
    }

    private void SetPaused(string id, MachinePhase phase)
    {
        lock (_gate)
        {
            ChangeableLocked(id);
            ChangeLocked(id, machine => (machine.Phase, machine.Paused) = (phase, phase == MachinePhase.Paused));
        }
    }

    private Machine ChangeableLocked(string id)
    {
        if (!_machines.TryGetValue(id, out var machine))
            throw new RpcException(new Status(StatusCode.NotFound, $"machine {id} is not here"));
        if (_migrations.Values.Any(state => state.MachineId == id && state.Phase is MigrationPhase.Setup or MigrationPhase.Copying or MigrationPhase.Switching or MigrationPhase.Undecided))
            throw new RpcException(new Status(StatusCode.Aborted, $"machine {id} is being migrated"));
        return machine.Phase is MachinePhase.Running or MachinePhase.Paused
            ? machine
            : throw new RpcException(new Status(StatusCode.FailedPrecondition, $"machine {id} does not run here"));
    }

    private sealed record Fault(StatusCode Code, string Detail, bool Afterwards);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken ct) => Task.CompletedTask;

        public Task StopAsync(CancellationToken ct) => Task.CompletedTask;
    }

    private sealed class MachinesScript(ScriptedNode node) : Protos.Machines.MachinesBase
    {
        public override Task<EnsureMachineResponse> EnsureMachine(EnsureMachineRequest request, ServerCallContext context) => node.AnswerAsync("EnsureMachine", () =>
        {
            lock (node._gate)
            {
                if (!node._machines.ContainsKey(request.Plan.Id))
                {
                    node._machines[request.Plan.Id] = new Machine
                    {
                        Id = request.Plan.Id,
                        Plan = request.Plan,
                        MachineType = request.Plan.MachineType is { Length: > 0 } type ? type : "pc-q35-7.2",
                        CpuModel = request.Plan.CpuModel is { Length: > 0 } model ? model : "qemu64",
                        Accelerator = Accelerator.Tcg,
                    };
                    node.ChangeLocked(request.Plan.Id, m =>
                    {
                        m.Phase = MachinePhase.Planned;
                        m.Interfaces.AddRange(request.Plan.Interfaces.Select(Bound));
                        m.NetworkStatus = Attached(m.Plan);
                    });
                }
            }
            if (!node.HoldMachines)
                node.BeginIfPlanned(request.Plan.Id);
            lock (node._gate)
                return new EnsureMachineResponse { Machine = node._machines[request.Plan.Id] };
        });

        public override Task<DeleteMachineResponse> DeleteMachine(DeleteMachineRequest request, ServerCallContext context) => node.AnswerAsync("DeleteMachine", () =>
        {
            lock (node._gate)
            {
                if (node._machines.Remove(request.Id, out var gone))
                {
                    node._guests.Stop(gone.Plan.InstanceUid, request.Id);
                    node.TellLocked(new WatchMachinesResponse { Machine = gone, Deleted = true });
                }
            }
            return new DeleteMachineResponse();
        });

        public override Task<PauseResponse> Pause(PauseRequest request, ServerCallContext context) => node.AnswerAsync("Pause", () =>
        {
            node.SetPaused(request.Id, MachinePhase.Paused);
            return new PauseResponse();
        });

        public override Task<ResumeResponse> Resume(ResumeRequest request, ServerCallContext context) => node.AnswerAsync("Resume", () =>
        {
            node.SetPaused(request.Id, MachinePhase.Running);
            return new ResumeResponse();
        });

        public override Task<HotplugInterfaceResponse> HotplugInterface(HotplugInterfaceRequest request, ServerCallContext context) => node.AnswerAsync("HotplugInterface", () =>
        {
            lock (node._gate)
            {
                var nic = request.Interface;
                if (nic is not { Name.Length: > 0 })
                    throw new RpcException(new Status(StatusCode.InvalidArgument, "interface.name is empty"));
                var machine = node.ChangeableLocked(request.Id);
                if (machine.Plan.Interfaces.FirstOrDefault(planned => planned.Name == nic.Name) is { } known)
                    return known.Equals(nic) ? new HotplugInterfaceResponse() : throw new RpcException(new Status(StatusCode.FailedPrecondition, $"there is another interface {nic.Name}"));
                if (nic.Delegate is null && !node.PodInterfaces.ContainsKey(nic.PodInterface))
                    throw new RpcException(new Status(StatusCode.FailedPrecondition, $"pod NIC {nic.PodInterface} is not there yet"));
                node.ChangeLocked(request.Id, m =>
                {
                    m.Plan.Interfaces.Add(nic);
                    m.Interfaces.Add(Bound(nic));
                    m.NetworkStatus = Attached(m.Plan);
                });
            }
            return new HotplugInterfaceResponse();
        });

        public override Task<UnplugInterfaceResponse> UnplugInterface(UnplugInterfaceRequest request, ServerCallContext context) => node.AnswerAsync("UnplugInterface", () =>
        {
            lock (node._gate)
            {
                if (node.ChangeableLocked(request.Id).Plan.Interfaces.FirstOrDefault(nic => nic.Name == request.Name) is { } planned)
                {
                    node.ChangeLocked(request.Id, m => m.Plan.Interfaces.Remove(planned));
                    if (!node.HoldUnplugs)
                        node.ChangeLocked(request.Id, LetGo);
                }
            }
            return new UnplugInterfaceResponse();
        });

        public override Task<SetLinkStateResponse> SetLinkState(SetLinkStateRequest request, ServerCallContext context) => node.AnswerAsync("SetLinkState", () =>
        {
            lock (node._gate)
            {
                if (node.ChangeableLocked(request.Id).Plan.Interfaces.All(nic => nic.Name != request.Name))
                    throw new RpcException(new Status(StatusCode.InvalidArgument, $"there is no interface {request.Name}"));
                var state = request.Up ? LinkState.Up : LinkState.Down;
                node.ChangeLocked(request.Id, m =>
                {
                    m.Plan.Interfaces.First(nic => nic.Name == request.Name).LinkState = state;
                    m.Interfaces.First(nic => nic.Name == request.Name).LinkState = state;
                });
            }
            return new SetLinkStateResponse();
        });

        public override async Task WatchMachines(WatchMachinesRequest request, IServerStreamWriter<WatchMachinesResponse> responseStream, ServerCallContext context)
        {
            var changes = Channel.CreateUnbounded<WatchMachinesResponse>();
            lock (node._gate)
            {
                foreach (var machine in node._machines.Values)
                    changes.Writer.TryWrite(new WatchMachinesResponse { Machine = machine });
                changes.Writer.TryWrite(new WatchMachinesResponse { Synced = true });
                node._machineWatchers.Add(changes);
            }
            await foreach (var change in changes.Reader.ReadAllAsync(context.CancellationToken))
                await responseStream.WriteAsync(change);
        }
    }

    private void BeginIfPlanned(string id)
    {
        lock (_gate)
        {
            if (_machines[id].Phase == MachinePhase.Planned)
                Begin(id);
        }
    }

    private sealed class MigrationsScript(ScriptedNode node) : Protos.Migrations.MigrationsBase
    {
        public override Task<PrepareIncomingResponse> PrepareIncoming(PrepareIncomingRequest request, ServerCallContext context) => node.AnswerAsync("PrepareIncoming", () =>
        {
            lock (node._gate)
            {
                if (!node._machines.TryGetValue(request.MachineId, out var machine))
                    throw new RpcException(new Status(StatusCode.NotFound, $"machine {request.MachineId} is not here"));
                if (machine.Phase != MachinePhase.Incoming)
                    throw new RpcException(new Status(StatusCode.Unavailable, $"machine {request.MachineId} does not wait for a guest"));
                if (node._tokens.TryAdd(request.MigrationId, "token of " + request.MigrationId))
                {
                    node._migrations[request.MigrationId] = new MigrationState
                    {
                        Id = request.MigrationId,
                        MachineId = request.MachineId,
                        Role = MigrationRole.Target,
                        Phase = MigrationPhase.Setup,
                    };
                }
            }
            return new PrepareIncomingResponse
            {
                DataEndpoint = "192.0.2.1:7412",
                ControlEndpoint = "192.0.2.1:7411",
                Token = ByteString.CopyFromUtf8(node._tokens[request.MigrationId]),
                Encrypted = true,
                Channels = 2,
            };
        });

        public override Task<StartOutgoingResponse> StartOutgoing(StartOutgoingRequest request, ServerCallContext context) => node.AnswerAsync("StartOutgoing", () =>
        {
            lock (node._gate)
            {
                if (!node._machines.TryGetValue(request.MachineId, out var machine))
                    throw new RpcException(new Status(StatusCode.NotFound, $"machine {request.MachineId} is not here"));
                if (request.Token.ToStringUtf8() != "token of " + request.MigrationId)
                    throw new RpcException(new Status(StatusCode.InvalidArgument, "token is wrong"));
                if (!node._migrations.ContainsKey(request.MigrationId))
                {
                    if (machine.Phase != MachinePhase.Running)
                        throw new RpcException(new Status(StatusCode.FailedPrecondition, "the guest does not run here"));
                    node._targets[request.MigrationId] = request.TargetNode;
                    node.Outgoing.Enqueue(request);
                    node._migrations[request.MigrationId] = new MigrationState
                    {
                        Id = request.MigrationId,
                        MachineId = request.MachineId,
                        Role = MigrationRole.Source,
                        Phase = MigrationPhase.Copying,
                        Encrypted = request.Encrypted,
                        Started = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()),
                        Progress = new MigrationProgress { TotalBytes = 1000, TransferredBytes = 400, RemainingBytes = 600, Percent = 40, Iteration = 1 },
                    };
                }
            }
            if (!node.HoldCopies)
                node.EndCopyOnce(request.MigrationId);
            lock (node._gate)
                return new StartOutgoingResponse { Migration = node._migrations[request.MigrationId] };
        });

        public override Task<GetMigrationResponse> GetMigration(GetMigrationRequest request, ServerCallContext context) =>
            node.AnswerAsync("GetMigration", () => new GetMigrationResponse { Migration = node.StateOf(request.MigrationId) });

        public override async Task WatchMigration(WatchMigrationRequest request, IServerStreamWriter<WatchMigrationResponse> responseStream, ServerCallContext context)
        {
            await node.AnswerAsync("WatchMigration", () => 0);
            var changes = Channel.CreateUnbounded<MigrationState>();
            lock (node._gate)
            {
                changes.Writer.TryWrite(node.StateOf(request.MigrationId));
                if (!node._migrationWatchers.TryGetValue(request.MigrationId, out var watchers))
                    node._migrationWatchers[request.MigrationId] = watchers = [];
                watchers.Add(changes);
            }
            await foreach (var state in changes.Reader.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(new WatchMigrationResponse { Migration = state });
                if (state.Phase is MigrationPhase.Succeeded or MigrationPhase.Failed or MigrationPhase.Cancelled)
                    return;
            }
            throw new RpcException(new Status(StatusCode.Unavailable, "the node stops"));
        }

        public override Task<CancelMigrationResponse> CancelMigration(CancelMigrationRequest request, ServerCallContext context) => node.AnswerAsync("CancelMigration", () =>
        {
            lock (node._gate)
            {
                if (!node._migrations.TryGetValue(request.MigrationId, out var state) || state.Phase >= MigrationPhase.Succeeded && state.Phase <= MigrationPhase.Cancelled)
                    return new CancelMigrationResponse();
                if (state.Phase is MigrationPhase.Undecided && request.TargetFenced)
                {
                    node.ChangeLocked(request.MigrationId, (MigrationState s) => (s.Phase, s.Reason) = (MigrationPhase.Failed, request.Reason));
                    return new CancelMigrationResponse();
                }
                if (state.Phase is MigrationPhase.Switching or MigrationPhase.Undecided)
                    throw new RpcException(new Status(StatusCode.FailedPrecondition, "it is past the switch-over"));
                node.ChangeLocked(request.MigrationId, (MigrationState s) => (s.Phase, s.Reason) = (MigrationPhase.Cancelled, request.Reason));
            }
            return new CancelMigrationResponse();
        });

        public override Task<ReleaseMigrationResponse> ReleaseMigration(ReleaseMigrationRequest request, ServerCallContext context) => node.AnswerAsync("ReleaseMigration", () =>
        {
            lock (node._gate)
            {
                if (node._migrations.TryGetValue(request.MigrationId, out var state) && state.Phase is not (MigrationPhase.Succeeded or MigrationPhase.Failed or MigrationPhase.Cancelled))
                    throw new RpcException(new Status(StatusCode.FailedPrecondition, "it has not ended"));
                node._migrations.Remove(request.MigrationId);
                node._tokens.Remove(request.MigrationId);
            }
            return new ReleaseMigrationResponse();
        });
    }

    private void EndCopyOnce(string migration)
    {
        if (Migrations.Any(state => state.Id == migration && state.Phase == MigrationPhase.Copying))
            EndCopy(migration);
    }

    private MigrationState StateOf(string id)
    {
        lock (_gate)
            return _migrations.GetValueOrDefault(id) ?? throw new RpcException(new Status(StatusCode.NotFound, $"migration {id} is not known"));
    }
}
