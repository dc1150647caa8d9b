using System.Globalization;
using System.Text.Json;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.VirtualMachines;

/// <summary>What a virtual machine's status says of its instance and of what comes next.</summary>
public static class VirtualMachineReport
{
    private static readonly string[] Own = [VirtualMachineCondition.Ready, VirtualMachineCondition.Failure, VirtualMachineCondition.RestartRequired, InstanceCondition.FieldsNotActedOn];

    public static VirtualMachineStatus Of(VirtualMachineObservation observed, VirtualMachineStatus status, VirtualMachineAction action)
    {
        var instance = observed.Own;
        var generation = observed.Machine.Metadata.Generation;
        var waiting = RestartRequired(observed);
        return status with
        {
            Created = instance is not null,
            Ready = instance?.Status?.Conditions.IsTrue(InstanceCondition.Ready) == true,
            PrintableStatus = Printable(observed, action),
            DesiredGeneration = generation,
            ObservedGeneration = waiting.Count > 0 ? Generation(instance) ?? generation : generation,
            // Of their own, because kubectl wait holds a condition without one to be as old as what the guest runs with.
            Conditions = [.. Conditions(observed, status.Conditions, waiting).Select(condition => condition with { ObservedGeneration = generation })],
        };
    }

    /// <summary>What the virtual machine asks for beside its template, and does not get.</summary>
    public static IReadOnlyList<UnsupportedField> NotActedOn(VirtualMachine machine) =>
    [
        .. from field in machine.Spec.Unknown ?? new Dictionary<string, JsonElement>()
           where field.Value is not { ValueKind: JsonValueKind.Null or JsonValueKind.False } && !IsEmptyList(field.Value)
           orderby field.Key
           // Without them it would be another machine than the one that was asked for.
           select new UnsupportedField("spec." + field.Key, field.Key is "instancetype" or "preference"),
    ];

    private static bool IsEmptyList(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;

    private static string Printable(VirtualMachineObservation observed, VirtualMachineAction action) => observed.Own switch
    {
        _ when observed.Machine.IsDeleting => PrintableStatus.Terminating,
        null => action switch
        {
            VirtualMachineAction.CreateInstance => PrintableStatus.Starting,
            VirtualMachineAction.WaitUntil => PrintableStatus.CrashLoopBackOff,
            _ => PrintableStatus.Stopped,
        },
        { IsDeleting: true } => PrintableStatus.Stopping,
        var instance when action is VirtualMachineAction.DeleteInstance && !InstancePhase.IsFinal(instance.Status?.Phase) => PrintableStatus.Stopping,
        var instance => Printable(instance),
    };

    private static string Printable(VirtualMachineInstance instance) => instance.Status?.Phase switch
    {
        InstancePhase.Succeeded or InstancePhase.Failed => PrintableStatus.Stopped,
        InstancePhase.Running when instance.Status.MigrationState is { StartTimestamp: not null, Completed: not true } => PrintableStatus.Migrating,
        InstancePhase.Running when instance.Status.Conditions.IsTrue(InstanceCondition.Paused) => PrintableStatus.Paused,
        InstancePhase.Running => PrintableStatus.Running,
        InstancePhase.Unknown => PrintableStatus.Unknown,
        _ => Hindrance(instance.Status?.Conditions) ?? PrintableStatus.Starting,
    };

    // Why a start does not get on; conditions say it by their reasons.
    private static string? Hindrance(IReadOnlyList<Condition>? conditions)
    {
        string[] reasons = [.. (conditions ?? []).Where(condition => condition.Status == Condition.False).Select(condition => condition.Reason ?? "")];
        if (conditions.IsTrue("Provisioning"))
            return PrintableStatus.Provisioning;
        if (reasons.Contains("Unschedulable"))
            return PrintableStatus.Unschedulable;
        if (reasons.FirstOrDefault(reason => reason is PrintableStatus.ErrImagePull or PrintableStatus.ImagePullBackOff) is { } image)
            return image;
        if (reasons.Any(reason => reason.EndsWith("PvcNotFound", StringComparison.Ordinal)))
            return PrintableStatus.ClaimNotFound;
        return reasons.Contains(PrintableStatus.WaitingForVolumeBinding) ? PrintableStatus.WaitingForVolumeBinding : null;
    }

    private static IReadOnlyList<Condition> Conditions(VirtualMachineObservation observed, IReadOnlyList<Condition>? before, IReadOnlyList<string> waiting)
    {
        var instance = observed.Own?.Status?.Conditions ?? [];
        IReadOnlyList<Condition> conditions = [.. (before ?? []).Where(condition => Own.Contains(condition.Type) || instance.Find(condition.Type ?? "") is not null)];
        foreach (var condition in instance.Where(condition => !Own.Contains(condition.Type)))
            conditions = conditions.With(condition, observed.Now);
        conditions = conditions.With(Ready(observed.Own), observed.Now);
        conditions = Naming(conditions, VirtualMachineCondition.RestartRequired, "NotLive", "takes effect with a restart: ", waiting, observed.Now);
        return Naming(conditions, InstanceCondition.FieldsNotActedOn, "NotSupported", "", FieldsNotActedOn(observed), observed.Now);
    }

    private static Condition Ready(VirtualMachineInstance? instance) => instance switch
    {
        null => new Condition { Type = VirtualMachineCondition.Ready, Status = Condition.False, Reason = "VMINotExists", Message = "there is no instance" },
        { Status.Conditions: { } conditions } when conditions.Find(InstanceCondition.Ready) is { } ready => ready,
        _ => new Condition { Type = VirtualMachineCondition.Ready, Status = Condition.False, Reason = "VMIConditionMissing", Message = "the instance was not looked at yet" },
    };

    private static IReadOnlyList<string> RestartRequired(VirtualMachineObservation observed) =>
        observed is { Own: { IsDeleting: false } instance, Machine: { IsDeleting: false, Spec.Template: not null } machine } && !InstancePhase.IsFinal(instance.Status?.Phase)
            ? LiveTemplate.RestartRequired(machine, instance)
            : [];

    private static IReadOnlyList<string> FieldsNotActedOn(VirtualMachineObservation observed) =>
    [
        .. NotActedOn(observed.Machine).Select(field => field.Path),
        .. observed.Own?.Status?.Conditions.Find(InstanceCondition.FieldsNotActedOn)?.Message?.Split(", ").Select(path => "spec.template." + path) ?? [],
    ];

    private static IReadOnlyList<Condition> Naming(IReadOnlyList<Condition> conditions, string type, string reason, string what, IReadOnlyList<string> fields, DateTimeOffset now) =>
        fields.Count == 0
            ? conditions.Without(type)
            : conditions.With(new Condition { Type = type, Status = Condition.True, Reason = reason, Message = what + string.Join(", ", fields) }, now);

    private static long? Generation(VirtualMachineInstance? instance) =>
        long.TryParse(instance?.Metadata.Annotation(Annotations.Generation), NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : null;
}
