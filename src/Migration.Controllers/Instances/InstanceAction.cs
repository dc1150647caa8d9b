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

    public sealed record DeleteMachine(string Node, string Id) : InstanceAction
    {
        /// <summary>How long the guest may take to shut down; null for what its plan says.</summary>
        public TimeSpan? Grace { get; init; }
    }

    /// <param name="Pod">What is to go.</param>
    /// <param name="AtOnce">Without waiting for its node, which is out of service.</param>
    public sealed record DeletePod(Pod Pod, bool AtOnce = false) : InstanceAction;

    /// <summary>Repeats status.nodeName as a label, for selectors.</summary>
    public sealed record LabelNode(string Node) : InstanceAction;

    public sealed record RemoveFinalizer : InstanceAction;

    /// <summary>Writes what the pod asks for and what it got into its annotations.</summary>
    public sealed record AnnotatePod(Pod Pod, Pod Annotated) : InstanceAction;

    public sealed record PlugInterface(string Node, string Id, Interface Interface) : InstanceAction;

    public sealed record UnplugInterface(string Node, string Id, string Name) : InstanceAction;

    public sealed record SetLinkState(string Node, string Id, string Name, bool Up) : InstanceAction;

    /// <summary>Stops the guest's vCPUs, or lets them run.</summary>
    public sealed record SetPaused(string Node, string Id, bool Paused) : InstanceAction;

    /// <summary>Takes networks whose NICs are unplugged, as asked, out of the spec.</summary>
    public sealed record RemoveNetworks(IReadOnlyList<string> Names) : InstanceAction;
}
