using System.Text.Json.Nodes;
using Migration.Linux;

namespace Migration.Node.Networks.Delegates;

/// <summary>From what a network selection asks for to what its plugins are told, as Multus and libcni do it.</summary>
internal sealed class DelegateChains(NetworkFolder networks)
{
    private const string DeviceCapability = "CNIDeviceInfoFile", MacCapability = "mac", AddressCapability = "ips";

    /// <summary>Those that are told by fields of their own, or by this node.</summary>
    public static readonly IReadOnlySet<string> OwnCapabilities = new HashSet<string> { DeviceCapability, MacCapability, AddressCapability };

    /// <summary>Everything but the order among the pod's delegates; nothing is executed yet.</summary>
    /// <exception cref="RefusedException">The plan or its configuration is nonsense, or there is none of that name.</exception>
    public DelegateRecord Prepare(AttachmentKey primary, PodIdentity pod, string namespacePath, InterfacePlan nic, string deviceFile)
    {
        var plan = nic.Delegate!;
        RequireInterfaceName(nic.PodInterface);
        var inline = !string.IsNullOrWhiteSpace(plan.Configuration);
        var bareName = plan.Name[(plan.Name.LastIndexOf('/') + 1)..];
        var list = WithArguments(inline ? NetworkList.Parse(plan.Configuration, bareName) : networks.Load(bareName), plan);
        if (nic.Lease is not null && PassesAnyMac(list))
            plan = plan with { Mac = "" };
        return new DelegateRecord
        {
            ContainerId = primary.ContainerId,
            Configuration = System.Text.Encoding.UTF8.GetBytes(list.ToJson()),
            InterfaceName = nic.PodInterface,
            NetworkName = list.Name,
            NamespacePath = namespacePath,
            Arguments = ArgumentsOf(primary, pod, plan),
            Capabilities = CapabilitiesOf(plan, deviceFile),
            Phase = DelegatePhase.Adding,
            Primary = primary,
            Pod = pod,
            Plan = nic,
            Order = 0,
            FromDisk = !inline,
        };
    }

    /// <summary>What a device plugin's network tells of its device (Device Information Specification 1.1).</summary>
    public static JsonObject? TakeDeviceInfo(DelegateRecord record)
    {
        var path = (string?)record.Capabilities[DeviceCapability];
        return path is not null && File.Exists(path) ? NetworkList.ParseObject(File.ReadAllText(path), record.NetworkName) : null;
    }

    public static void RemoveDeviceInfo(DelegateRecord record)
    {
        if ((string?)record.Capabilities[DeviceCapability] is { } path)
            AtomicFile.Delete(path);
    }

    /// <summary>
    /// A guest that arrives by migration runs elsewhere until it is here: a NIC that announced itself with the guest's MAC would draw its
    /// frames to this node. A bridge lets the guest's MAC through later, whatever its pod's NIC has.
    /// </summary>
    private static bool PassesAnyMac(NetworkList list) =>
        (string?)list.Plugins[0]["type"] == "bridge" && list.Plugins.All(plugin => plugin["macspoofchk"]?.ToJsonString() is not "true");

    private static NetworkList WithArguments(NetworkList list, DelegatePlan plan)
    {
        if (plan.CniArguments.Length == 0)
            return list;
        var given = NetworkList.ParseObject(plan.CniArguments, $"{plan.Name}, cni-args");
        foreach (var plugin in list.Plugins)
            Merge(plugin, given);
        return list;
    }

    /// <summary>The pod's word is stronger than the definition's.</summary>
    private static void Merge(JsonObject plugin, JsonObject given)
    {
        var args = plugin["args"] as JsonObject ?? [];
        var cni = args["cni"] as JsonObject ?? [];
        foreach (var (name, value) in given)
            cni[name] = value?.DeepClone();
        args["cni"] = cni.Parent is null ? cni : cni.DeepClone();
        plugin["args"] = args.Parent is null ? args : args.DeepClone();
    }

    private static IReadOnlyList<IReadOnlyList<string>> ArgumentsOf(AttachmentKey primary, PodIdentity pod, DelegatePlan plan)
    {
        var arguments = new List<IReadOnlyList<string>>
        {
            new[] { "IgnoreUnknown", "1" },
            new[] { "K8S_POD_NAMESPACE", pod.Namespace },
            new[] { "K8S_POD_NAME", pod.Name },
            new[] { "K8S_POD_INFRA_CONTAINER_ID", primary.ContainerId },
            new[] { "K8S_POD_UID", pod.Uid },
        };
        if (plan.Mac.Length > 0)
            arguments.Add(new[] { "MAC", plan.Mac });
        return arguments;
    }

    private static JsonObject CapabilitiesOf(DelegatePlan plan, string deviceFile)
    {
        var capabilities = new JsonObject { [DeviceCapability] = deviceFile };
        if (plan.Mac.Length > 0)
            capabilities[MacCapability] = plan.Mac;
        if (plan.Addresses.Count > 0)
            capabilities[AddressCapability] = new JsonArray([.. plan.Addresses.Select(address => (JsonNode)address)]);
        foreach (var (name, value) in plan.Capabilities ?? new Dictionary<string, string>())
            capabilities[name] = JsonNode.Parse(value);
        return capabilities;
    }

    /// <summary>What the selection asks for and none of the plugins takes: nobody acts on it, as nobody does with libcni. A MAC is told otherwise, too.</summary>
    public static IEnumerable<string> NotTaken(DelegateRecord record)
    {
        var taken = record.List().Plugins.SelectMany(plugin => PluginCall.Declared(plugin, record.Capabilities)).ToHashSet();
        return record.Capabilities.Select(capability => capability.Key).Where(name => name is not (DeviceCapability or MacCapability) && !taken.Contains(name));
    }

    private static void RequireInterfaceName(string name)
    {
        // The kernel's limit, and what CNI forbids besides.
        if (name.Length is 0 or > 15 || name is "." or ".." || name.Any(c => c is '/' or ':' || char.IsWhiteSpace(c)))
            throw new RefusedException(Refusal.Malformed, $"pod_interface '{name}' is not the name of an interface");
    }
}
