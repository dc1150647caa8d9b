using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Instances;

/// <summary>The one thing to do next. Each is idempotent: done twice, it is done once.</summary>
public abstract record InstanceAction
{
    private InstanceAction()
    {
    }

    /// <summary>Wait for something to change.</summary>
    public sealed record Wait : InstanceAction;

    public sealed record AddFinalizer : InstanceAction;

    public sealed record CreatePod(Pod Pod) : InstanceAction;

    public sealed record EnsureMachine(string Node, MachinePlan Plan) : InstanceAction;

    public sealed record DeleteMachine(string Node, string Id) : InstanceAction;

    public sealed record DeletePod(Pod Pod) : InstanceAction;

    /// <summary>Repeats status.nodeName as a label, for selectors.</summary>
    public sealed record LabelNode(string Node) : InstanceAction;

    public sealed record RemoveFinalizer : InstanceAction;
}
