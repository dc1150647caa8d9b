using Migration.Api;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Instances;

/// <summary>
/// Which of an instance's pods a Service may send to: the one whose address reaches the guest. All of them carry the labels that Services select by, so each has a
/// readiness gate, and one alone has it open. Pure.
/// </summary>
public static class Serving
{
    /// <summary>
    /// The anchor, where there is one: the guest keeps that pod's address wherever it runs. Else the pod that the guest runs in. A pod that the guest has
    /// just left may be about to become the anchor, so it goes on until it is known not to.
    /// </summary>
    public static Pod? PodOf(InstanceObservation observed)
    {
        if (observed.Pods.Where(IsAnchor).OrderBy(pod => pod.Metadata.CreationTimestamp).FirstOrDefault() is { } anchor)
            return anchor;
        if (observed.Status.MigrationState is not { Completed: true, Failed: not true, SourcePod: { } left, TargetPod: { } arrived })
            return observed.CurrentPod;
        var source = observed.Pods.FirstOrDefault(pod => pod.Metadata.Name == left && pod.IsActive);
        return source is null || WasNotAnchored(observed, arrived) ? observed.CurrentPod : source;
    }

    /// <summary>Every pod whose gate is not as it should be, with the status that makes it so; the one to be opened first.</summary>
    public static IReadOnlyList<(Pod Before, Pod After)> Changes(InstanceObservation observed)
    {
        var serving = PodOf(observed);
        return
        [
            .. observed.Pods.Where(pod => pod.IsActive && pod.Spec?.ReadinessGates?.Any(gate => gate.ConditionType == PodCondition.Serving) == true)
                .OrderBy(pod => pod.Uid == serving?.Uid ? 0 : 1)
                .Select(pod => (pod, With(pod, pod.Uid == serving?.Uid, observed.Now)))
                .Where(change => change.pod.Status?.Conditions.Find(PodCondition.Serving)?.Status != change.Item2.Status!.Conditions.Find(PodCondition.Serving)!.Status),
        ];
    }

    private static bool IsAnchor(Pod pod) => pod.IsActive && pod.Metadata.Label(Labels.Anchor) is not null;

    private static bool WasNotAnchored(InstanceObservation observed, string arrived) => observed.Migrations.Any(migration =>
        migration.Status is { Phase: MigrationJobPhase.Succeeded, Progress: { Anchored: not true }, MigrationState.TargetPod: var target } && target == arrived);

    private static Pod With(Pod pod, bool serves, DateTimeOffset now) => pod with
    {
        Status = (pod.Status ?? new PodStatus()) with
        {
            Conditions = pod.Status?.Conditions.With(
                serves
                    ? new Condition { Type = PodCondition.Serving, Status = Condition.True, Reason = "GuestReached", Message = "the guest is reached at this pod's address" }
                    : new Condition { Type = PodCondition.Serving, Status = Condition.False, Reason = "GuestElsewhere", Message = "the guest is reached at another pod's address" },
                now) ?? [new Condition { Type = PodCondition.Serving, Status = serves ? Condition.True : Condition.False, LastTransitionTime = now }],
        },
    };
}
