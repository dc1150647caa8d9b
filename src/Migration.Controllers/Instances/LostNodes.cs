using Migration.Api;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Instances;

/// <summary>
/// Guests on nodes that do not answer. Such a guest may run on, with its disks in use: it counts as running until its pod
/// is confirmed deleted, by a kubelet that is back or by somebody who vouches for it. Only then may another be started.
/// </summary>
internal static class LostNodes
{
    /// <summary>A pod on a node that is out of service: nobody there will ever confirm that it ended, and somebody else has.</summary>
    public static Pod? Vouched(InstanceObservation observed) => observed.Pods.FirstOrDefault(pod =>
        pod.IsBound && observed.OutOfServiceNodes.Contains(pod.Spec!.NodeName!) && !observed.MachineOf(pod).IsKnown);

    /// <summary>Whether the pod is to go, and nobody can say whether its guest has ended.</summary>
    public static bool IsUnconfirmed(InstanceObservation observed, Pod pod) => pod is { IsDeleting: true, IsFinished: false, IsBound: true } && !observed.MachineOf(pod).IsKnown;

    /// <summary>The status of a guest whose node does not answer: as it was, but not ready.</summary>
    public static VirtualMachineInstanceStatus Unreachable(InstanceObservation observed, Pod pod)
    {
        var node = pod.Spec?.NodeName;
        return observed.Status with
        {
            Conditions = observed.Status.Conditions.With(
                new Condition
                {
                    Type = InstanceCondition.Ready,
                    Status = Condition.False,
                    Reason = "NodeNotReady",
                    Message = $"node {node} does not answer; the guest counts as running there until pod {pod.Metadata.Name} is confirmed deleted, or the node has the taint {Nodes.NodeStates.OutOfService}",
                },
                observed.Now),
        };
    }
}
