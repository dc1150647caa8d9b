using Migration.Api;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Networks;

/// <summary>What launcher pods say of their networks, in the annotations that Multus and everybody who knows it read.</summary>
public static class PodNetworks
{
    private static readonly string[] Reserved = [Annotations.Networks, Annotations.NetworkStatus, Annotations.DefaultNetwork];

    /// <summary>Whether an instance's annotation is its own matter, and not for its pod to repeat.</summary>
    public static bool IsReserved(string annotation) => Reserved.Contains(annotation) || annotation.StartsWith("migration.internal/", StringComparison.Ordinal);

    /// <summary>The annotations that a pod is created with.</summary>
    /// <param name="instance">Valid.</param>
    /// <param name="known">NICs that the guest brings with it, on networks that must know their MACs.</param>
    public static IReadOnlyDictionary<string, string> Asked(VirtualMachineInstance instance, IEnumerable<InterfaceObservation> known)
    {
        var asked = new Dictionary<string, string>();
        var macs = known.Where(nic => nic.Name is not null).ToDictionary(nic => nic.Name!, nic => nic.Mac);
        var guests = InstanceNetworks.Of(instance, []).Where(guest => !guest.Interface.IsAbsent).ToList();
        var selections = guests.Where(guest => guest.Selection is not null).Select(guest => guest.Selection! with { Mac = guest.Selection.Mac ?? macs.GetValueOrDefault(guest.Name) }).ToList();
        if (selections.Count > 0)
            asked[Annotations.Networks] = NetworkSelections.Write(selections);
        if (guests.Find(guest => guest.Network.Multus?.Default == true) is { Network.Multus: { } instead })
            asked[Annotations.DefaultNetwork] = instead.NetworkName;
        return asked;
    }

    /// <summary>
    /// How the node may bind the pod's first NIC before it was told. Only for a pod that a guest starts in: what a guest
    /// brings with it, and that it is not there yet, is told by push alone; and so is who makes the NIC in its place.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Binding(VirtualMachineInstance instance) =>
        InstanceNetworks.Of(instance, []).FirstOrDefault(guest => guest is { IsPrimary: true, Network.Multus: null }) is { } primary
            ? new Dictionary<string, string> { [Annotations.Interface] = MachineInterfaces.Annotation(primary) }
            : new Dictionary<string, string>();

    /// <summary>What the pod asked for.</summary>
    public static IReadOnlyList<NetworkSelection> Selections(Pod pod) =>
        NetworkSelections.Read(pod.Metadata.Annotation(Annotations.Networks), pod.Metadata.Namespace ?? "");

    /// <summary>What the pod got.</summary>
    public static IReadOnlyList<Api.NetworkStatus> Statuses(Pod pod) => NetworkStatuses.Read(pod.Metadata.Annotation(Annotations.NetworkStatus));

    /// <summary>Names that the pod's NICs have, as far as anybody has said.</summary>
    public static IEnumerable<string?> Names(Pod pod) => Statuses(pod).Select(status => status.Interface).Concat(Selections(pod).Select(selection => selection.Interface));

    /// <summary>The pod as it is to ask for these NICs. What it asked for before it asks for in the same words: those are in effect.</summary>
    public static Pod Asking(Pod pod, IEnumerable<NetworkSelection> wanted)
    {
        var before = Selections(pod);
        var now = wanted.Select(selection => before.FirstOrDefault(asked => asked.Interface == selection.Interface) ?? selection).ToList();
        if (now.Select(selection => selection.Interface).SequenceEqual(before.Select(selection => selection.Interface)))
            return pod;
        return pod with { Metadata = now.Count == 0 ? pod.Metadata.WithoutAnnotation(Annotations.Networks) : pod.Metadata.WithAnnotation(Annotations.Networks, NetworkSelections.Write(now)) };
    }

    /// <summary>
    /// The pod with what its node attached, in the node's own words. Where it has attached nothing, or not yet said so,
    /// only a pod whose machine is to have no such network loses what was said before.
    /// </summary>
    public static Pod Told(Pod pod, Machine machine)
    {
        if (machine.NetworkStatus == (pod.Metadata.Annotation(Annotations.NetworkStatus) ?? ""))
            return pod;
        if (machine.NetworkStatus.Length > 0)
            return pod with { Metadata = pod.Metadata.WithAnnotation(Annotations.NetworkStatus, machine.NetworkStatus) };
        return machine.Plan.Interfaces.Any(nic => nic.Delegate is not null) ? pod : pod with { Metadata = pod.Metadata.WithoutAnnotation(Annotations.NetworkStatus) };
    }
}
