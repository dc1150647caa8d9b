using Migration.Linux;
using Migration.Netlink;
using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Machines;

/// <summary>A machine's pod NICs: those that CNI told us of, and those that are found in the pod because somebody else (Multus) made them.</summary>
internal sealed class PodNetwork(Attachments attachments, PodNetworks networks)
{
    /// <summary>The network of attachments that no CNI network knows of; they end with their machine.</summary>
    private const string Own = "migration.internal/machine";

    public IReadOnlyList<BoundInterface> Bound(MachinePlan plan) => [.. Live(plan).Select(attachment => attachment.Bound).OfType<BoundInterface>()];

    public string NamespaceOf(MachinePlan plan, BoundInterface bound) => Live(plan).First(attachment => attachment.Bound?.Name == bound.Name).NamespacePath;

    /// <summary>Whether the pod NIC is there, or can be made.</summary>
    public bool IsReachable(MachinePlan plan, InterfacePlan nic) => Sandbox(plan) is { } sandbox && (nic.Delegate is not null || IsThere(sandbox.NamespacePath, nic.PodInterface));

    public async Task BindAsync(MachinePlan plan, InterfacePlan nic)
    {
        if (nic.Delegate is not null)
        {
            await networks.AddAsync(plan, nic);
            return;
        }

        var sandbox = Sandbox(plan) ?? throw new RefusedException(Refusal.NotNow, $"interface {nic.Name}: pod {plan.Pod} has no network yet");
        attachments.Attach(KeyOf(plan, nic, sandbox), plan.Pod, sandbox.NamespacePath, DefaultRoutes.Decide(nic, plan.Interfaces), plan.InstanceName);
    }

    /// <summary>Undoes it; a pod NIC that CNI told us of stays known as one that nobody wants.</summary>
    public async Task UnbindAsync(MachinePlan plan, InterfacePlan nic)
    {
        if (nic.Delegate is not null)
        {
            await networks.RemoveAsync(plan.Pod, nic.PodInterface);
            return;
        }

        foreach (var attachment in attachments.OfPod(plan.Pod.Uid).Where(attachment => attachment.Bound?.Name == nic.Name).ToList())
        {
            attachments.Detach(attachment.Key, "");
            if (attachment.Key.Network != Own && IsThere(attachment.NamespacePath, nic.PodInterface))
                attachments.Attach(attachment.Key, attachment.Pod, attachment.NamespacePath, null, plan.InstanceName);
        }
    }

    /// <summary>The machine is forgotten; so is what only it knew of.</summary>
    public void Forget(MachinePlan plan)
    {
        foreach (var attachment in attachments.OfPod(plan.Pod.Uid).Where(attachment => attachment.Key.Network == Own).ToList())
            attachments.Detach(attachment.Key, "");
    }

    /// <summary>What CNI takes back when it ends a pod's sandbox is all that it knows of; what was found there besides went with it.</summary>
    private IEnumerable<Attachment> Live(MachinePlan plan)
    {
        var all = attachments.OfPod(plan.Pod.Uid).ToList();
        return all.Where(attachment => attachment.Key.Network != Own
            || all.Any(other => other.Key.Network != Own && other.NamespacePath == attachment.NamespacePath));
    }

    private static bool IsThere(string namespacePath, string podInterface)
    {
        try
        {
            using var space = NetworkNamespace.Open(namespacePath);
            using var route = RouteClient.Open(space);
            return route.FindLink(podInterface) is not null;
        }
        catch (IOException)
        {
            // The pod is going.
            return false;
        }
    }

    /// <summary>CNI told us of at least the pod's first NIC; where that is are the others.</summary>
    private Attachment? Sandbox(MachinePlan plan) => Live(plan).OrderBy(attachment => attachment.Key.InterfaceName != AnnotatedInterface.PrimaryNic).FirstOrDefault();

    private AttachmentKey KeyOf(MachinePlan plan, InterfacePlan nic, Attachment sandbox) =>
        attachments.OfPod(plan.Pod.Uid).FirstOrDefault(attachment => attachment.Key.InterfaceName == nic.PodInterface)?.Key
        ?? new AttachmentKey(Own, sandbox.Key.ContainerId, nic.PodInterface);
}
