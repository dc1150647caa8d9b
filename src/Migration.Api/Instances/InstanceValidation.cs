using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Migration.Api;

/// <summary>
/// What is wrong with a spec, one message each, with the path of the field: "spec.domain.cpu.cores: …". Looks at the
/// completed spec (<see cref="InstanceDefaults"/>); an empty answer means it can be put into effect.
/// </summary>
public static partial class InstanceValidation
{
    private const long SmallestMemory = 1 << 20;
    private const long MostMemory = 1L << 44;
    private const int MostVirtualCpus = 1024;
    private const int MostPortRanges = 10;
    private static readonly PhysicalAddress MasqueradeBridge = PhysicalAddress.Parse("02-00-00-00-00-00");
    private static readonly string[] InterfaceModels = ["virtio", "e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139"];

    public static IReadOnlyList<string> Errors(VirtualMachineInstanceSpec spec) =>
    [
        .. MemoryErrors(spec.Domain),
        .. CpuErrors(spec.Domain.Cpu),
        .. FirmwareErrors(spec.Domain.Firmware),
        .. VolumeValidation.Errors(spec),
        .. NetworkErrors(spec.Networks ?? []),
        .. (spec.Networks ?? []).SelectMany((network, i) => GuestNetworkErrors(network.Pod, $"spec.networks[{i}].pod")),
        .. InterfaceErrors(spec.Domain.Devices.Interfaces ?? [], spec.Networks ?? []),
        .. GracePeriodErrors(spec.TerminationGracePeriodSeconds),
        .. StartErrors(spec.StartStrategy),
    ];

    /// <summary>The same, with what the instance's annotations ask for.</summary>
    public static IReadOnlyList<string> Errors(VirtualMachineInstance instance, VirtualMachineInstanceSpec spec) => [.. Errors(spec), .. SelectionErrors(instance), .. PodInterfaceErrors(instance)];

    internal static bool IsMac(string text) => Mac().IsMatch(text);

    private static IEnumerable<string> SelectionErrors(VirtualMachineInstance instance)
    {
        if (instance.Metadata.Annotation(Annotations.Networks) is { } asked
            && !NetworkSelections.TryParse(asked, instance.Metadata.Namespace ?? "", out _, out var error))
            yield return $"metadata.annotations[{Annotations.Networks}]: {error}";
    }

    // Names that an annotation asks for share the pod with ours.
    private static IEnumerable<string> PodInterfaceErrors(VirtualMachineInstance instance)
    {
        if (instance.Metadata.Annotation(Annotations.Networks) is null)
            yield break;
        var guests = InstanceNetworks.Of(instance, []);
        foreach (var twice in guests.GroupBy(guest => guest.PodInterface).Where(same => same.Count() > 1))
            yield return $"metadata.annotations[{Annotations.Networks}]: interface '{twice.Key}' is that of network '{twice.First().Name}'";
        foreach (var guest in guests.Where(guest => guest.PodInterface.StartsWith("tap", StringComparison.Ordinal) || guest.PodInterface.StartsWith("k6t-", StringComparison.Ordinal)))
            yield return $"metadata.annotations[{Annotations.Networks}]: interface '{guest.PodInterface}': such names belong to the guest's side";
    }

    private static IEnumerable<string> MemoryErrors(Domain domain)
    {
        if (domain.Memory?.Guest is not { } guest)
            yield return "spec.domain.memory.guest: required, or spec.domain.resources.requests.memory in its place";
        else if (guest.Amount < SmallestMemory)
            yield return $"spec.domain.memory.guest: {guest} is less than 1Mi";
        else if (guest.Amount > MostMemory)
            yield return $"spec.domain.memory.guest: {guest} is more than 16Ti";
    }

    private static IEnumerable<string> CpuErrors(Cpu? cpu)
    {
        if (cpu is null)
            yield break;
        foreach (var (name, value) in new[] { ("sockets", cpu.Sockets), ("cores", cpu.Cores), ("threads", cpu.Threads) })
        {
            if (value is < 1 or > MostVirtualCpus)
                yield return $"spec.domain.cpu.{name}: {value} is not between 1 and {MostVirtualCpus}";
        }
        var total = (long)(cpu.Sockets ?? 1) * (cpu.Cores ?? 1) * (cpu.Threads ?? 1);
        if (total > MostVirtualCpus)
            yield return $"spec.domain.cpu: sockets × cores × threads is {total}, more than {MostVirtualCpus}";
    }

    private static IEnumerable<string> FirmwareErrors(Firmware? firmware)
    {
        if (firmware?.Uuid is { } uuid && !Guid.TryParseExact(uuid, "D", out _))
            yield return $"spec.domain.firmware.uuid: '{uuid}' is not a UUID";
        if (firmware?.Bootloader is { Bios: not null, Efi: not null })
            yield return "spec.domain.firmware.bootloader: only one of bios and efi can be given";
        if (firmware?.KernelBoot is not { } boot)
            yield break;
        const string path = "spec.domain.firmware.kernelBoot";
        if (boot.Container is null)
        {
            if (!string.IsNullOrEmpty(boot.KernelArgs))
                yield return $"{path}.kernelArgs: given without {path}.container";
            yield break;
        }
        if (string.IsNullOrEmpty(boot.Container.Image))
            yield return $"{path}.container.image: required";
        if (string.IsNullOrEmpty(boot.Container.KernelPath) && string.IsNullOrEmpty(boot.Container.InitrdPath))
            yield return $"{path}.container: kernelPath or initrdPath is required";
        foreach (var (name, value) in new[] { ("kernelPath", boot.Container.KernelPath), ("initrdPath", boot.Container.InitrdPath) })
        {
            if (value is not null && value.Split('/').Contains(".."))
                yield return $"{path}.container.{name}: '{value}' leaves the image";
        }
    }

    private static IEnumerable<string> NetworkErrors(IReadOnlyList<Network> networks)
    {
        for (var i = 0; i < networks.Count; i++)
        {
            var network = networks[i];
            var path = $"spec.networks[{i}]";
            if (!Name().IsMatch(network.Name))
                yield return $"{path}.name: '{network.Name}' may hold only letters, digits, '-' and '_'";
            if (networks.Take(i).Any(n => n.Name == network.Name))
                yield return $"{path}.name: '{network.Name}' is used twice";
            if (network.Pod is not null && network.Multus is not null)
                yield return $"{path}: pod and multus exclude each other";
            if (network.Pod is null && network.Multus is null && network.Unknown is null)
                yield return $"{path}: needs a source, pod or multus";
            if (network.Multus is { NetworkName: "" })
                yield return $"{path}.multus.networkName: required";
            else if (network.Multus is { NetworkName: var name } && !DefinitionName().IsMatch(name))
                yield return $"{path}.multus.networkName: '{name}' is not a name, or namespace/name";
        }
        if (networks.Count > NetworkSelections.Most)
            yield return $"spec.networks: {networks.Count} of them; {NetworkSelections.Most} is the limit";
        if (networks.Count(n => n.Pod is not null) > 1)
            yield return "spec.networks: only one of them can be the pod network";
        if (networks.Count(n => n.Multus?.Default == true) > 1)
            yield return "spec.networks: only one of them can be multus default";
        if (networks.Any(n => n.Pod is not null) && networks.Any(n => n.Multus?.Default == true))
            yield return "spec.networks: the pod network and a multus default exclude each other";
    }

    private static IEnumerable<string> InterfaceErrors(IReadOnlyList<Interface> interfaces, IReadOnlyList<Network> networks)
    {
        for (var i = 0; i < interfaces.Count; i++)
        {
            var path = $"spec.domain.devices.interfaces[{i}]";
            var network = networks.FirstOrDefault(n => n.Name == interfaces[i].Name);
            if (network is null)
                yield return $"{path}.name: there is no network '{interfaces[i].Name}' in spec.networks";
            if (interfaces.Take(i).Any(n => n.Name == interfaces[i].Name))
                yield return $"{path}.name: '{interfaces[i].Name}' is used twice";
            foreach (var error in InterfaceErrors(interfaces[i], network, path))
                yield return error;
        }
        for (var i = 0; i < networks.Count; i++)
        {
            if (interfaces.All(n => n.Name != networks[i].Name))
                yield return $"spec.networks[{i}].name: there is no interface '{networks[i].Name}' in spec.domain.devices.interfaces";
        }
    }

    // The guest's own network behind NAT.
    private static IEnumerable<string> GuestNetworkErrors(PodNetwork? pod, string path)
    {
        if (pod?.VmNetworkCIDR is { Length: > 0 } four && !(AddressText.TryParseNetwork(four, out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork && network.PrefixLength <= 30))
            yield return $"{path}.vmNetworkCIDR: '{four}' is not an IPv4 network with room for gateway and guest, e.g. 10.0.2.0/24";
        if (pod?.VmIPv6NetworkCIDR is { Length: > 0 } six && !(AddressText.TryParseNetwork(six, out network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 && network.PrefixLength <= 126))
            yield return $"{path}.vmIPv6NetworkCIDR: '{six}' is not an IPv6 network with room for gateway and guest, e.g. fd10:0:2::/120";
    }

    private static IEnumerable<string> InterfaceErrors(Interface nic, Network? network, string path) =>
    [
        .. BindingErrors(nic, network, path),
        .. StateErrors(nic, network, path),
        .. MacErrors(nic.MacAddress, path + ".macAddress"),
        .. (nic.Ports ?? []).SelectMany((port, i) => PortErrors(port, nic.Ports!.Take(i), $"{path}.ports[{i}]")),
        .. PortRangeErrors(nic.PortRanges ?? [], path + ".portRanges"),
        .. DhcpErrors(nic.DhcpOptions, path + ".dhcpOptions"),
    ];

    private static IEnumerable<string> BindingErrors(Interface nic, Network? network, string path)
    {
        if (nic.Model is { Length: > 0 } model && !InterfaceModels.Contains(model))
            yield return $"{path}.model: '{model}' is none of {string.Join(", ", InterfaceModels)}";
        if (Bindings(nic) > 1)
            yield return $"{path}: only one binding can be given";
        if (nic.Masquerade is not null && network is { Pod: null })
            yield return $"{path}.masquerade: only on the pod network";
        if (nic.PasstBinding is not null && network is { Pod: null })
            yield return $"{path}.passtBinding: only on the pod network";
        if (nic.Binding is { Name: "" })
            yield return $"{path}.binding.name: required";
    }

    private static IEnumerable<string> StateErrors(Interface nic, Network? network, string path)
    {
        if (nic.State is not (null or "" or InterfaceState.Up or InterfaceState.Down or InterfaceState.Absent))
            yield return $"{path}.state: '{nic.State}' is none of up, down, absent";
        if (nic.IsAbsent && nic.Bridge is null)
            yield return $"{path}.state: only a bridge can be absent";
        if (nic.IsAbsent && network is { IsDefault: true })
            yield return $"{path}.state: the interface of the default network cannot be absent";
        if (nic.State is InterfaceState.Up or InterfaceState.Down && (nic.Sriov is not null || nic.PasstBinding is not null))
            yield return $"{path}.state: '{nic.State}' cannot be asked of this binding";
    }

    private static IEnumerable<string> MacErrors(string? address, string path)
    {
        if (string.IsNullOrEmpty(address))
            yield break;
        if (!IsMac(address))
            yield return $"{path}: '{address}' is not a MAC address, e.g. 02:00:00:12:34:56";
        else if (PhysicalAddress.Parse(address.Replace(':', '-')) is var mac && mac.Equals(MasqueradeBridge))
            yield return $"{path}: {address} belongs to the bridge in the pod";
        else if ((mac.GetAddressBytes()[0] & 1) != 0)
            yield return $"{path}: {address} is a group address";
    }

    private static IEnumerable<string> PortErrors(InterfacePort port, IEnumerable<InterfacePort> before, string path)
    {
        if (port.Port is null or < 1 or > ushort.MaxValue)
            yield return $"{path}.port: {port.Port?.ToString(CultureInfo.InvariantCulture) ?? "nothing"} is not between 1 and {ushort.MaxValue}";
        if (!IsProtocol(port.Protocol))
            yield return $"{path}.protocol: '{port.Protocol}' is none of TCP, UDP, SCTP";
        if (port.Name is { Length: > 0 } name && before.Any(other => other.Name == name))
            yield return $"{path}.name: '{name}' is used twice";
    }

    private static IEnumerable<string> PortRangeErrors(IReadOnlyList<PortRange> ranges, string path)
    {
        if (ranges.Count > MostPortRanges)
            yield return $"{path}: {ranges.Count} of them; {MostPortRanges} is the limit";
        for (var i = 0; i < ranges.Count; i++)
        {
            var range = ranges[i];
            if (range.Start is null or < 1 or > ushort.MaxValue || range.End is null or < 1 or > ushort.MaxValue || range.End < range.Start)
                yield return $"{path}[{i}]: {range.Start} to {range.End} are not ports between 1 and {ushort.MaxValue}, the lower first";
            if (!IsProtocol(range.Protocol))
                yield return $"{path}[{i}].protocol: '{range.Protocol}' is none of TCP, UDP, SCTP";
        }
    }

    private static bool IsProtocol(string? protocol) => protocol is null || protocol.ToUpperInvariant() is "" or "TCP" or "UDP" or "SCTP";

    private static IEnumerable<string> DhcpErrors(DhcpOptions? options, string path)
    {
        for (var i = 0; i < (options?.NtpServers?.Count ?? 0); i++)
        {
            if (!AddressText.TryParse(options!.NtpServers![i], out var server) || server.AddressFamily != AddressFamily.InterNetwork)
                yield return $"{path}.ntpServers[{i}]: '{options.NtpServers[i]}' is not an IPv4 address";
        }
        for (var i = 0; i < (options?.PrivateOptions?.Count ?? 0); i++)
        {
            var option = options!.PrivateOptions![i];
            if (option.Option is null or < 224 or > 254)
                yield return $"{path}.privateOptions[{i}].option: {option.Option?.ToString(CultureInfo.InvariantCulture) ?? "nothing"} is not between 224 and 254";
            else if (options.PrivateOptions.Take(i).Any(other => other.Option == option.Option))
                yield return $"{path}.privateOptions[{i}].option: {option.Option} is used twice";
        }
    }

    private static int Bindings(Interface nic) =>
        new object?[] { nic.Bridge, nic.Masquerade, nic.Sriov, nic.PasstBinding, nic.Binding }.Count(b => b is not null);

    private static IEnumerable<string> StartErrors(string? strategy)
    {
        if (strategy is not (null or "" or "Paused"))
            yield return $"spec.startStrategy: '{strategy}' is not Paused";
    }

    private static IEnumerable<string> GracePeriodErrors(long? seconds)
    {
        if (seconds is < 0)
            yield return $"spec.terminationGracePeriodSeconds: {seconds} is negative";
    }

    [GeneratedRegex(@"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?\z")]
    private static partial Regex DefinitionName();

    [GeneratedRegex(@"^[A-Za-z0-9\-_]+\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^([0-9A-Fa-f]{2}([:\-])[0-9A-Fa-f]{2})(\2[0-9A-Fa-f]{2}){4}\z")]
    private static partial Regex Mac();
}
