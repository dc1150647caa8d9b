using System.Text.Json;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Networks;

/// <summary>Finds the NetworkAttachmentDefinitions that instances ask for, and makes of each what its node is to execute.</summary>
/// <remarks>
/// Who attaches is decided once, when the first instance asks for a network, and holds as long as this process leads: a
/// Multus that is installed later is seen after a restart.
/// </remarks>
public sealed class NetworkDefinitions(KubernetesClient client, ClusterView cluster, AttachmentPolicy policy, ILogger<NetworkDefinitions> log)
{
    private readonly ResourceClient<NetworkAttachmentDefinition> _definitions = client.For(KubeVirt.Networks);
    private bool? _byNode;

    /// <param name="instance">Valid.</param>
    /// <param name="ct">Ends the asking.</param>
    public async Task<ResolvedNetworks> ResolveAsync(VirtualMachineInstance instance, CancellationToken ct)
    {
        var asked = InstanceNetworks.Of(instance, []).Where(guest => guest.Network.Multus is not null).ToList();
        if (asked.Count == 0)
            return ResolvedNetworks.None;

        var resolved = new Resolving(await IsByNodeAsync(ct));
        foreach (var guest in asked.Where(guest => !guest.Interface.IsAbsent))
        {
            // What Multus puts in the place of the pod network is between it and the definition.
            if ((guest.Selection ?? (resolved.ByNode ? InPlaceOfPodNetwork(instance, guest) : null)) is not { } selection)
                continue;
            var (plan, problem) = await ResolveAsync(instance, guest, selection, ct);
            resolved.Add(guest, plan, problem);
        }
        return resolved.Result();
    }

    private async Task<(Protos.Delegate? Plan, NetworkProblem? Problem)> ResolveAsync(
        VirtualMachineInstance instance, GuestNetwork guest, NetworkSelection selection, CancellationToken ct)
    {
        var path = guest.NetworkPath;
        if (!policy.Allows(instance.Metadata.Namespace ?? "", selection.Namespace ?? ""))
            return (null, new("NetworkNotAllowed", $"{path}: network {selection.Definition} belongs to another namespace, and networks are isolated"));
        if (await FindAsync(selection.Definition, ct) is not { } definition)
            return (null, new("NetworkNotFound", $"{path}: there is no NetworkAttachmentDefinition {selection.Definition}"));
        var configuration = definition.Spec?.Config ?? "";
        return CniConfigurations.Mistake(configuration) is { } mistake
            ? (null, new("NetworkInvalid", $"{path}: spec.config of NetworkAttachmentDefinition {selection.Definition} {mistake}"))
            : (Delegate(selection, configuration, guest.IsPrimary), null);
    }

    private static NetworkSelection InPlaceOfPodNetwork(VirtualMachineInstance instance, GuestNetwork guest)
    {
        var (space, name) = NetworkSelections.Split(guest.Network.Multus!.NetworkName, instance.Metadata.Namespace ?? "");
        var mac = InstanceNetworks.Mac(guest.Interface.MacAddress);
        return new NetworkSelection { Namespace = space, Name = name, Mac = mac.Length > 0 ? mac : null };
    }

    private async Task<bool> IsByNodeAsync(CancellationToken ct)
    {
        if (_byNode is { } known)
            return known;
        var byNode = policy.Multus switch
        {
            MultusMode.Auto => !await MultusSearch.IsInstalledAsync(client, ct),
            var mode => mode == MultusMode.BuiltIn,
        };
        Log.NetworksAttachedBy(log, byNode ? "the nodes" : "Multus");
        _byNode = byNode;
        return byNode;
    }

    // "There is none" is not taken from an informer that may be behind.
    private async Task<NetworkAttachmentDefinition?> FindAsync(ObjectKey key, CancellationToken ct) =>
        cluster.Networks.Store.Get(key) ?? await _definitions.FindAsync(key, ct);

    private static Protos.Delegate Delegate(NetworkSelection selection, string configuration, bool isPrimary)
    {
        var plan = new Protos.Delegate
        {
            Name = selection.Definition.ToString(),
            Configuration = configuration,
            Mac = selection.Mac ?? "",
            Primary = isPrimary,
            CniArgs = selection.CniArgs is { ValueKind: JsonValueKind.Object } arguments ? arguments.GetRawText() : "",
        };
        plan.Addresses.AddRange(selection.Ips ?? []);
        plan.DefaultRoute.AddRange(selection.DefaultRoute ?? []);
        foreach (var (_, capability, argument) in SelectionCapabilities.Of(selection))
            plan.Capabilities[capability] = argument;
        return plan;
    }

    /// <summary>The tables as they fill.</summary>
    private sealed class Resolving(bool byNode)
    {
        private readonly Dictionary<string, Protos.Delegate> _delegates = [];
        private readonly Dictionary<string, NetworkProblem> _problems = [];
        private readonly HashSet<string> _ofOneMac = [];
        private readonly List<UnsupportedField> _notActedOn = [];

        public bool ByNode => byNode;

        public void Add(GuestNetwork guest, Protos.Delegate? plan, NetworkProblem? problem)
        {
            if (problem is not null)
                _problems[guest.Name] = problem;
            if (plan is null)
                return;
            if (!CniConfigurations.PassesAnyMac(plan.Configuration))
                _ofOneMac.Add(guest.Name);
            if (!byNode)
                return;
            _delegates[guest.Name] = plan;
            _notActedOn.AddRange(NotActedOn(guest, plan.Configuration).Select(key => new UnsupportedField($"metadata.annotations[{Annotations.Networks}][{guest.Selection!.Definition}].{key}", false)));
        }

        // What nobody knows; and what the network's plugins do not declare that they take: they are not told it.
        private static IEnumerable<string> NotActedOn(GuestNetwork guest, string configuration)
        {
            if (guest.Selection is not { } selection)
                return [];
            var asked = SelectionCapabilities.Of(selection).Select(one => (one.Key, one.Capability)).Concat(selection.Ips is { Count: > 0 } ? [("ips", "ips")] : []);
            return [.. (selection.Unknown ?? new Dictionary<string, JsonElement>()).Keys.Order(), .. asked.Where(one => !CniConfigurations.MayTake(configuration, one.Capability)).Select(one => one.Key)];
        }

        public ResolvedNetworks Result() => new()
        {
            ByNode = byNode, ByMultus = !byNode, Delegates = _delegates, Problems = _problems, OfOneMac = _ofOneMac, NotActedOn = _notActedOn,
        };
    }
}
