using System.Text.RegularExpressions;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>
/// What an instance's NICs are connected to: its spec's networks, and those that its annotation
/// <see cref="Annotations.Networks"/> asks for. An element of the annotation that names a network of the spec adds to it
/// what a spec cannot say (addresses, arguments); any other becomes one more guest NIC, bridged.
/// </summary>
public static partial class InstanceNetworks
{
    /// <summary>Every guest NIC, in the order of the spec's networks.</summary>
    /// <param name="instance">Valid.</param>
    /// <param name="reported">Names of NICs that its pod has been seen to have.</param>
    public static IReadOnlyList<GuestNetwork> Of(VirtualMachineInstance instance, IEnumerable<string?> reported)
    {
        var own = InstanceDefaults.Complete(instance.Spec, instance.Metadata.Uid ?? "").Networks?.Count ?? 0;
        var spec = instance.CompleteSpec();
        var networks = spec.Networks ?? [];
        var asked = Match(networks, instance, out _);
        var names = PodInterfaceNames.Of(networks, reported);
        var interfaces = (spec.Domain.Devices.Interfaces ?? []).Select((nic, at) => (nic, at)).ToLookup(pair => pair.nic.Name);
        return
        [
            .. from pair in networks.Select((network, i) => (network, i))
               from guest in interfaces[pair.network.Name].Take(1)
               let isOwn = pair.i < own
               let podInterface = isOwn || string.IsNullOrEmpty(asked[pair.i]?.Interface) ? names[pair.network.Name] : asked[pair.i]!.Interface!
               select new GuestNetwork
               {
                   Interface = guest.nic,
                   Network = pair.network,
                   PodInterface = podInterface,
                   Selection = pair.network.IsDefault ? null : Selection(instance, pair.network, guest.nic, asked[pair.i], podInterface),
                   NetworkPath = isOwn ? $"spec.networks[{pair.i}]" : $"metadata.annotations[{Annotations.Networks}]",
                   InterfacePath = isOwn ? $"spec.domain.devices.interfaces[{guest.at}]" : $"metadata.annotations[{Annotations.Networks}]",
               },
        ];
    }

    /// <summary>The NetworkAttachmentDefinitions that the instance asks for.</summary>
    public static IEnumerable<ObjectKey> Definitions(VirtualMachineInstance instance)
    {
        var inNamespace = instance.Metadata.Namespace ?? "";
        return (instance.Spec.Networks ?? [])
            .Select(network => network.Multus?.NetworkName)
            .OfType<string>()
            .Select(name => NetworkSelections.Split(name, inNamespace))
            .Select(network => new ObjectKey(network.Namespace, network.Name))
            .Concat(NetworkSelections.Read(instance.Metadata.Annotation(Annotations.Networks), inNamespace).Select(selection => selection.Definition))
            .Distinct();
    }

    /// <summary>The spec with the NICs that only the annotation asks for.</summary>
    internal static VirtualMachineInstanceSpec Complete(VirtualMachineInstanceSpec spec, VirtualMachineInstance instance)
    {
        if (instance.Metadata.Annotation(Annotations.Networks) is null)
            return spec;
        var networks = (spec.Networks ?? []).ToList();
        var interfaces = (spec.Domain.Devices.Interfaces ?? []).ToList();
        Match(networks, instance, out var others);
        foreach (var selection in others)
        {
            var name = FreeName(selection, networks);
            networks.Add(new Network { Name = name, Multus = new MultusNetwork { NetworkName = selection.Definition.ToString() } });
            interfaces.Add(new Interface { Name = name, Bridge = new Empty(), Model = InstanceDefaults.InterfaceModel, MacAddress = selection.Mac });
        }
        return others.Count == 0 ? spec : spec with { Networks = networks, Domain = spec.Domain with { Devices = spec.Domain.Devices with { Interfaces = interfaces } } };
    }

    /// <summary>MAC addresses as annotations and nodes have them.</summary>
    public static string Mac(string? address) => address?.Replace('-', ':').ToLowerInvariant() ?? "";

    // For each network, in order, the first element of the annotation that names its definition and is not taken yet.
    private static NetworkSelection?[] Match(IReadOnlyList<Network> networks, VirtualMachineInstance instance, out IReadOnlyList<NetworkSelection> others)
    {
        var inNamespace = instance.Metadata.Namespace ?? "";
        var left = NetworkSelections.Read(instance.Metadata.Annotation(Annotations.Networks), inNamespace).ToList();
        var matched = new NetworkSelection?[networks.Count];
        for (var i = 0; i < networks.Count && left.Count > 0; i++)
        {
            if (networks[i] is not { IsDefault: false, Multus: { } multus })
                continue;
            var wanted = NetworkSelections.Split(multus.NetworkName, inNamespace);
            matched[i] = left.Find(selection => (selection.Namespace, selection.Name) == wanted);
            left.Remove(matched[i]!);
        }
        others = left;
        return matched;
    }

    private static NetworkSelection Selection(VirtualMachineInstance instance, Network network, Interface nic, NetworkSelection? asked, string podInterface)
    {
        var (space, name) = NetworkSelections.Split(network.Multus?.NetworkName ?? "", instance.Metadata.Namespace ?? "");
        var mac = Mac(string.IsNullOrEmpty(nic.MacAddress) ? asked?.Mac : nic.MacAddress);
        return (asked ?? new NetworkSelection()) with { Name = name, Namespace = space, Mac = mac.Length > 0 ? mac : null, Interface = podInterface };
    }

    private static string FreeName(NetworkSelection selection, List<Network> taken)
    {
        var wanted = NotInNames().Replace(string.IsNullOrEmpty(selection.Interface) ? selection.Name : selection.Interface, "-");
        var name = wanted;
        for (var i = 2; taken.Exists(network => network.Name == name); i++)
            name = $"{wanted}-{i}";
        return name;
    }

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NotInNames();
}
