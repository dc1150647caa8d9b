using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Evacuation;

/// <summary>The one thing to do next. Each is idempotent: done twice, it is done once.</summary>
public abstract record EvacuationAction
{
    private EvacuationAction()
    {
    }

    public sealed record Wait : EvacuationAction;

    public sealed record CreateMigration(VirtualMachineInstanceMigration Job) : EvacuationAction;

    /// <summary>Says on the pod that its eviction is being seen to.</summary>
    public sealed record MarkPod(Pod Pod) : EvacuationAction;
}
