using System.Text.Json.Nodes;
using Migration.Api;

namespace Migration.Controllers.VirtualMachines;

/// <summary>
/// A template that was edited while its instance runs: what of it is carried to the instance, and what has to wait for
/// a restart. NICs on networks beside the pod's come, go, change their carrier and their network; where the guest may be
/// placed changes for its next move.
/// </summary>
/// <remarks>
/// NICs are held against the instance itself; everything else against what the instance was made of, since what the
/// template does not say may have been filled in since.
/// </remarks>
public static class LiveTemplate
{
    private static readonly string[] Placement = ["nodeSelector", "affinity", "tolerations"];

    /// <summary>The next thing to do, or null.</summary>
    public static VirtualMachineAction? Next(VirtualMachine machine, VirtualMachineInstance instance)
    {
        var updated = Placed(machine, Connected(machine, instance));
        if (!ReferenceEquals(updated, instance))
            return new VirtualMachineAction.UpdateInstance(instance, updated);
        var gone = Interfaces(machine.Spec.Template!.Spec).Where(nic => nic.IsAbsent && Find(instance.Spec, nic.Name) is null).Select(nic => nic.Name).ToHashSet();
        return gone.Count == 0 ? null : new VirtualMachineAction.Update(machine with { Spec = machine.Spec with { Template = Without(machine.Spec.Template, gone) } });
    }

    /// <summary>The fields that only a restart puts into effect.</summary>
    public static IReadOnlyList<string> RestartRequired(VirtualMachine machine, VirtualMachineInstance instance)
    {
        const string path = "spec.template.spec";
        var template = machine.Spec.Template!.Spec;
        var edited = MadeInstance.MadeOf(instance) is { } made ? JsonDifference.Paths(path, Fixed(made), Fixed(MadeInstance.ToJson(template))) : [];
        return [.. edited, .. FixedInterfaces(template, instance, path)];
    }

    /// <summary>A guest that is started does not get what is to be absent.</summary>
    public static VirtualMachineInstanceSpec WithoutAbsent(VirtualMachineInstanceSpec spec) => Without(spec, Interfaces(spec).Where(nic => nic.IsAbsent).Select(nic => nic.Name).ToHashSet());

    private static VirtualMachineInstance Connected(VirtualMachine machine, VirtualMachineInstance instance)
    {
        var (template, spec) = (machine.Spec.Template!.Spec, instance.Spec);
        var networks = (spec.Networks ?? []).Select(network => template.Networks?.FirstOrDefault(wanted => IsElsewhere(wanted, network)) ?? network).ToList();
        var interfaces = Interfaces(spec).Select(nic => Find(template, nic.Name) is { } wanted && State(wanted) != State(nic) ? nic with { State = wanted.State } : nic).ToList();
        foreach (var (nic, network) in New(template, spec))
        {
            networks.Add(network);
            interfaces.Add(nic);
        }
        var isSame = networks.SequenceEqual(spec.Networks ?? []) && interfaces.SequenceEqual(Interfaces(spec));
        return isSame ? instance : instance with { Spec = spec with { Networks = networks, Domain = spec.Domain with { Devices = spec.Domain.Devices with { Interfaces = interfaces } } } };
    }

    private static VirtualMachineInstance Placed(VirtualMachine machine, VirtualMachineInstance instance)
    {
        var template = machine.Spec.Template!.Spec;
        if (MadeInstance.MadeOf(instance) is not { } made)
            return instance;
        var wanted = MadeInstance.ToJson(template);
        if (Placement.All(field => JsonNode.DeepEquals(made[field], wanted[field])))
            return instance;
        foreach (var field in Placement)
            made[field] = wanted[field]?.DeepClone();
        return instance with
        {
            Metadata = instance.Metadata.WithAnnotation(Annotations.MadeOf, made.ToJsonString()),
            Spec = instance.Spec with { NodeSelector = template.NodeSelector, Affinity = template.Affinity, Tolerations = template.Tolerations },
        };
    }

    private static IEnumerable<(Interface Nic, Network Network)> New(VirtualMachineInstanceSpec template, VirtualMachineInstanceSpec spec) =>
        from nic in Interfaces(template)
        where Find(spec, nic.Name) is null && IsPluggable(nic)
        let network = template.Networks?.FirstOrDefault(network => network.Name == nic.Name)
        where network is { Multus: not null, IsDefault: false }
        select (nic, network);

    private static IEnumerable<string> FixedInterfaces(VirtualMachineInstanceSpec template, VirtualMachineInstance instance, string path)
    {
        var uid = instance.Metadata.Uid ?? "";
        var (wanted, have) = (InstanceDefaults.Complete(template, uid), InstanceDefaults.Complete(instance.Spec, uid));
        var added = New(wanted, have).Select(pair => pair.Nic.Name).ToHashSet();
        foreach (var (nic, at) in Interfaces(wanted).Select((nic, at) => (nic, at)).Where(pair => !added.Contains(pair.nic.Name)))
        {
            foreach (var field in FixedFields(nic, Find(have, nic.Name), $"{path}.domain.devices.interfaces[{at}]"))
                yield return field;
        }
        foreach (var left in Interfaces(have).Where(nic => !nic.IsAbsent && Find(wanted, nic.Name) is null))
            yield return $"{path}.domain.devices.interfaces[{left.Name}]";
    }

    private static IEnumerable<string> FixedFields(Interface wanted, Interface? have, string path)
    {
        if (have is null)
            return wanted.IsAbsent ? [] : [path];
        return JsonDifference.Paths(path, ToJson(have with { State = null }), ToJson(wanted with { State = null }));
    }

    private static JsonObject ToJson(Interface nic) => (JsonObject)System.Text.Json.JsonSerializer.SerializeToNode(nic, ApiJson.Default.Interface)!;

    // Without what is carried, or looked at NIC by NIC.
    private static JsonObject Fixed(JsonObject spec)
    {
        var left = (JsonObject)spec.DeepClone();
        foreach (var field in Placement.Append("networks"))
            left.Remove(field);
        ((left["domain"] as JsonObject)?["devices"] as JsonObject)?.Remove("interfaces");
        return left;
    }

    private static InstanceTemplate Without(InstanceTemplate template, HashSet<string> names) => template with { Spec = Without(template.Spec, names) };

    private static VirtualMachineInstanceSpec Without(VirtualMachineInstanceSpec spec, HashSet<string> names) => names.Count == 0 ? spec : spec with
    {
        Networks = spec.Networks?.Where(network => !names.Contains(network.Name)).ToList(),
        Domain = spec.Domain with { Devices = spec.Domain.Devices with { Interfaces = Interfaces(spec).Where(nic => !names.Contains(nic.Name)).ToList() } },
    };

    private static bool IsPluggable(Interface nic) => !nic.IsAbsent && (nic.Bridge is not null || !nic.HasBinding);

    private static bool IsElsewhere(Network wanted, Network network) =>
        wanted.Name == network.Name && wanted.Multus is { Default: not true } there && network.Multus is { Default: not true } here && there.NetworkName != here.NetworkName;

    private static string State(Interface nic) => string.IsNullOrEmpty(nic.State) ? InterfaceState.Up : nic.State;

    private static IReadOnlyList<Interface> Interfaces(VirtualMachineInstanceSpec spec) => spec.Domain.Devices.Interfaces ?? [];

    private static Interface? Find(VirtualMachineInstanceSpec spec, string name) => Interfaces(spec).FirstOrDefault(nic => nic.Name == name);
}
