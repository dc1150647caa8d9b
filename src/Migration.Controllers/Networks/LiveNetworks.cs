using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Networks;

/// <summary>
/// The NICs of a guest that is started, held against the spec: what is to be done next so that they agree, and what
/// cannot be done while it runs.
/// </summary>
/// <remarks>
/// Only a bridge on a network beside the pod's can come and go. A NIC comes in the order pod annotation, pod NIC, guest
/// NIC and goes in the opposite one; the spec's own entries of a NIC that is asked to be absent go last. While the guest
/// is on its way to another node nothing is touched: both sides must have the same devices.
/// </remarks>
public sealed class LiveNetworks
{
    private readonly InstanceObservation _observed;
    private readonly Pod _pod;
    private readonly string _node;
    private readonly Machine _machine;
    private readonly VirtualMachineInstanceSpec _spec;
    private readonly IReadOnlyList<GuestNetwork> _guests;

    public LiveNetworks(InstanceObservation observed, Pod pod, Machine machine)
    {
        (_observed, _pod, _node, _machine) = (observed, pod, pod.Spec!.NodeName!, machine);
        _spec = observed.Instance.CompleteSpec();
        _guests = InstanceNetworks.Of(observed.Instance, PodNetworks.Names(pod));
    }

    private bool IsRunning => _machine.Phase is MachinePhase.Running or MachinePhase.Paused;

    private ResolvedNetworks Networks => _observed.Networks;

    /// <summary>The next thing to do, or null.</summary>
    public InstanceAction? Next()
    {
        if (_observed.IsMigrating)
            return null;
        if (Annotating() is { } annotating)
            return annotating;
        return IsRunning ? Plugging() ?? Unplugging() ?? Switching() ?? Removing() : null;
    }

    /// <summary>What is asked for and only a restart can do; the fields.</summary>
    public IReadOnlyList<string> RestartRequired() =>
    [
        .. _guests.SelectMany(guest => Planned(guest.Name) is { } planned ? Fixed(guest, planned) : IsPluggable(guest) || guest.Interface.IsAbsent ? [] : [guest.InterfacePath]),
        .. _machine.Plan.Interfaces.Where(planned => _guests.All(guest => guest.Name != planned.Name)).Select(planned => $"spec.domain.devices.interfaces[{planned.Name}]"),
    ];

    /// <summary>What is asked for and a migration does: another network for a NIC that is there; the fields.</summary>
    public IReadOnlyList<string> MigrationRequired() =>
    [
        .. from guest in _guests
           where guest.Selection is not null && IsAttached(guest.Name)
           let asked = PodNetworks.Selections(_pod).FirstOrDefault(selection => selection.Interface == guest.PodInterface)
           where asked is not null && asked.Definition != guest.Selection!.Definition
           select guest.NetworkPath + ".multus.networkName",
    ];

    /// <summary>Why a NIC that is asked for is not there yet, or null.</summary>
    public NetworkProblem? Waiting()
    {
        var missing = _guests.Where(guest => !IsAttached(guest.Name) && IsPluggable(guest)).ToList();
        if (missing.Select(guest => Networks.Problems.GetValueOrDefault(guest.Name)).FirstOrDefault(problem => problem is not null) is { } problem)
            return problem;
        if (missing.Find(guest => !HasPodInterface(guest)) is { } waiting)
            return new("WaitingForMultus", $"{waiting.NetworkPath}: pod {_pod.Metadata.Name} has no {waiting.PodInterface} in {Annotations.NetworkStatus} yet");
        return IsRunning && _machine.Reason.Length > 0 && _guests.FirstOrDefault(IsOnItsWay) is { } stuck
            ? new("InterfaceNotReady", $"{stuck.InterfacePath}: node {_node}: {_machine.Reason}")
            : null;
    }

    private bool IsOnItsWay(GuestNetwork guest) =>
        guest.Interface.IsAbsent ? IsAttached(guest.Name) : Planned(guest.Name) is not null && Status(guest.Name)?.Plugged != true;

    private InstanceAction? Annotating()
    {
        var wanted = _guests.Where(guest => guest.Interface.IsAbsent ? IsAttached(guest.Name) : IsAttached(guest.Name) || (IsPluggable(guest) && !Networks.Problems.ContainsKey(guest.Name)));
        var asking = PodNetworks.Asking(_pod, wanted.Select(guest => guest.Selection).OfType<NetworkSelection>());
        var told = Networks.ByNode ? PodNetworks.Told(asking, _machine) : asking;
        return ReferenceEquals(told, _pod) ? null : new InstanceAction.AnnotatePod(_pod, told);
    }

    private InstanceAction? Plugging() =>
        _guests.FirstOrDefault(guest => !IsAttached(guest.Name) && IsPluggable(guest) && !Networks.Problems.ContainsKey(guest.Name) && HasPodInterface(guest)) is { } guest
            ? new InstanceAction.PlugInterface(_node, _machine.Id, MachineInterfaces.Of(guest, _spec.Domain, Networks))
            : null;

    private InstanceAction? Unplugging() =>
        _guests.FirstOrDefault(guest => guest.Interface.IsAbsent && Planned(guest.Name) is not null && !PodInterfaceNames.IsOrdinal(guest.PodInterface)) is { } guest
            ? new InstanceAction.UnplugInterface(_node, _machine.Id, guest.Name)
            : null;

    private InstanceAction? Switching() => (
        from guest in _guests
        where !guest.Interface.IsAbsent && Planned(guest.Name) is not null
        let status = Status(guest.Name)
        where status is not null && status.LinkState != LinkState.Unspecified
        let up = guest.Interface.State != InterfaceState.Down
        where up != (status.LinkState == LinkState.Up)
        select new InstanceAction.SetLinkState(_node, _machine.Id, guest.Name, up)).FirstOrDefault();

    private InstanceAction? Removing()
    {
        var gone = _guests.Where(guest => guest.Interface.IsAbsent && !IsAttached(guest.Name)).Select(guest => guest.Name).ToList();
        return gone.Count == 0 ? null : new InstanceAction.RemoveNetworks(gone);
    }

    // What a NIC that is there cannot change.
    private IEnumerable<string> Fixed(GuestNetwork guest, Protos.Interface planned)
    {
        if (guest.Interface.IsAbsent)
        {
            if (PodInterfaceNames.IsOrdinal(guest.PodInterface))
                yield return guest.InterfacePath + ".state";
            yield break;
        }
        var wanted = MachineInterfaces.Of(guest, _spec.Domain, Networks);
        if (wanted.Binding != (planned.Binding is Binding.Unspecified ? Binding.Bridge : planned.Binding))
            yield return $"{guest.InterfacePath}.{BindingField(wanted.Binding)}";
        if (wanted.Model != (planned.Model == InstanceDefaults.InterfaceModel ? "" : planned.Model))
            yield return guest.InterfacePath + ".model";
        if (wanted.Mac.Length > 0 && !wanted.Mac.Equals(Status(guest.Name)?.Mac ?? planned.Mac, StringComparison.OrdinalIgnoreCase))
            yield return guest.InterfacePath + ".macAddress";
        if (!Ports(wanted).SetEquals(Ports(planned)))
            yield return guest.InterfacePath + ".ports";
        if (!wanted.GuestNetworks.SequenceEqual(planned.GuestNetworks))
            yield return guest.NetworkPath + ".pod";
        if (!(wanted.DhcpOptions ?? new()).Equals(planned.DhcpOptions ?? new()))
            yield return guest.InterfacePath + ".dhcpOptions";
    }

    private static string BindingField(Binding binding) => binding switch
    {
        Binding.Masquerade => "masquerade",
        Binding.ManagedTap => "binding",
        _ => "bridge",
    };

    private static HashSet<(string, uint, uint)> Ports(Protos.Interface nic) =>
        [.. nic.Ports.Select(port => (port.Protocol.Length == 0 ? "tcp" : port.Protocol, port.First, port.Last == 0 ? port.First : port.Last))];

    private static bool IsPluggable(GuestNetwork guest) => guest is { Selection: not null, Interface: { Bridge: not null, IsAbsent: false } };

    // Multus says so; where the node attaches, plugging begins with that.
    private bool HasPodInterface(GuestNetwork guest) => !Networks.ByMultus || PodNetworks.Statuses(_pod).Any(status => status.Interface == guest.PodInterface);

    // Asked for, or not let go of by the guest.
    private bool IsAttached(string name) => Planned(name) is not null || Status(name) is not null;

    private Protos.Interface? Planned(string name) => _machine.Plan.Interfaces.FirstOrDefault(nic => nic.Name == name);

    private InterfaceStatus? Status(string name) => _machine.Interfaces.FirstOrDefault(nic => nic.Name == name);
}
