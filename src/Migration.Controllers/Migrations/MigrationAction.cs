using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>The one thing to do next. Each is idempotent: done twice, it is done once.</summary>
public abstract record MigrationAction
{
    private MigrationAction()
    {
    }

    /// <summary>Wait for something to change, or for this long.</summary>
    public sealed record Wait(TimeSpan? AtMost = null) : MigrationAction;

    public sealed record AddFinalizer : MigrationAction;

    public sealed record CreatePod(Pod Pod) : MigrationAction;

    public sealed record EnsureMachine(string Node, MachinePlan Plan) : MigrationAction;

    /// <summary>The target opens its listeners.</summary>
    public sealed record Prepare(string Node, PrepareIncomingRequest Request) : MigrationAction;

    /// <summary>The source starts copying to what the target answered.</summary>
    public sealed record Start(string Node, StartOutgoingRequest Request) : MigrationAction;

    /// <summary>Follow what the source tells of the copy.</summary>
    public sealed record Follow(string Node) : MigrationAction;

    public sealed record Cancel(string Node, string Reason) : MigrationAction;

    /// <summary>The target will never run the guest: the source may.</summary>
    public sealed record Fence(string SourceNode, string Reason) : MigrationAction;

    public sealed record DeletePod(Pod Pod) : MigrationAction;

    /// <summary>Say of the source pod that it stays to keep the guest's address.</summary>
    public sealed record MarkAnchor(Pod Pod) : MigrationAction;

    public sealed record DeleteMachine(string Node, string Id) : MigrationAction;

    /// <summary>The nodes forget the migration, and the object may go.</summary>
    public sealed record Forget(IReadOnlyList<string> Nodes) : MigrationAction;

    /// <summary>Nobody will look at this migration any more.</summary>
    public sealed record DeleteJob : MigrationAction;
}
