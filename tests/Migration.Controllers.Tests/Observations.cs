using System.Text.Json;
using Migration.Api;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Tests;

/// <summary>Objects as the pure plans see them, one line each.</summary>
internal static class Observations
{
    public static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly LauncherPods Launchers = new("migration-launcher");

    public static VirtualMachineInstance Instance(string? phase = null, string? spec = null)
    {
        spec ??= """{"domain":{"devices":{},"memory":{"guest":"512Mi"}}}""";
        var json = $$"""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance",
             "metadata":{"name":"vm","namespace":"default","uid":"11111111-1111-1111-1111-111111111111","finalizers":["{{FinalizerNames.Instance}}"],"labels":{"kubevirt.io/nodeName":"a"} },
             "spec":{{spec}} }
            """;
        var instance = JsonSerializer.Deserialize(json, ApiJson.Default.VirtualMachineInstance)!;
        return phase is null ? instance : instance with { Status = new VirtualMachineInstanceStatus { Phase = phase, NodeName = "a" } };
    }

    public static VirtualMachineInstance Deleting(this VirtualMachineInstance instance) => instance with { Metadata = instance.Metadata with { DeletionTimestamp = Now } };

    public static VirtualMachineInstanceMigration Job(string? phase = null, TimeSpan age = default, string uid = "22222222-2222-2222-2222-222222222222", string name = "move") => new()
    {
        ApiVersion = "kubevirt.io/v1",
        Kind = "VirtualMachineInstanceMigration",
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = uid, Finalizers = [FinalizerNames.Migration], CreationTimestamp = Now - age },
        Spec = new VirtualMachineInstanceMigrationSpec { VmiName = "vm" },
        Status = phase is null ? null : new VirtualMachineInstanceMigrationStatus
        {
            Phase = phase,
            PhaseTransitionTimestamps = [.. MigrationJobPhase.InOrder.TakeWhile(p => p != phase).Append(phase).Select(p => new PhaseTransition { Phase = p, PhaseTransitionTimestamp = Now - age })],
            MigrationState = phase == MigrationJobPhase.Pending ? null : new MigrationRecord
            {
                MigrationUid = uid,
                SourceNode = "a",
                SourcePod = "source",
                TargetNode = phase == MigrationJobPhase.Scheduling ? null : "b",
                TargetPod = phase == MigrationJobPhase.Scheduling ? null : "target",
                StartTimestamp = phase == MigrationJobPhase.Scheduling ? null : Now - age,
            },
        },
    };

    public static VirtualMachineInstanceMigration Deleting(this VirtualMachineInstanceMigration job) => job with { Metadata = job.Metadata with { DeletionTimestamp = Now } };

    public static Pod Pod(string name, string? node = null, string phase = "Running") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = "uid-of-" + name },
        Spec = new PodSpec { NodeName = node },
        Status = new PodStatus { Phase = phase },
    };

    public static Pod Deleting(this Pod pod) => pod with { Metadata = pod.Metadata with { DeletionTimestamp = Now } };

    public static Pod Unschedulable(this Pod pod, string why) => pod with
    {
        Status = new PodStatus { Phase = "Pending", Conditions = [new Condition { Type = "PodScheduled", Status = Condition.False, Reason = "Unschedulable", Message = why }] },
    };

    public static MachineView Machine(MachinePhase phase, string reason = "", string pod = "source") => MachineView.Of(new Machine
    {
        Id = "uid-of-" + pod,
        Phase = phase,
        Reason = reason,
        Plan = new MachinePlan
        {
            Id = "uid-of-" + pod,
            InstanceName = "vm",
            InstanceNamespace = "default",
            Sockets = 1,
            Cores = 1,
            Threads = 1,
            Interfaces = { new Protos.Interface { Name = "default", PodInterface = "eth0" } },
        },
        MachineType = "pc-q35-7.2",
    });

    public static OutgoingView Outgoing(MigrationPhase phase, string reason = "") => OutgoingView.Of(new MigrationState { Phase = phase, Reason = reason, Progress = new MigrationProgress { Percent = 40 } });
}
