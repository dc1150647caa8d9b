using Migration.Linux;
using Migration.Node.DataPlane;
using Migration.Packets.Dhcp;
using Migration.Packets.Ndp;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>
/// One guest NIC as the node serves it: a socket on its tap, what is answered there, and what its router says unasked. Questions are
/// answered whenever they come, for only a guest that runs here can ask; but a router speaks up only to a guest that runs.
/// </summary>
internal sealed class ServedNic : IDisposable
{
    // A gateway answers within milliseconds, if there is one.
    private static readonly TimeSpan PatienceForGateway = TimeSpan.FromSeconds(2);
    private readonly PodNic _nic;
    private readonly GuestIdentity _identity;
    private readonly TimeProvider _time;
    private readonly GatewaySearch? _search;
    private AdvertisingTimes _times = new(Random.Shared);
    private long _searchAt, _advertiseAt;

    public ServedNic(Attachment attachment, BoundInterface bound, PodNic nic, PacketSocket socket, NetworkNamespace space, TimeProvider time)
    {
        (Key, PodUid, Bound, Socket) = (attachment.Key, attachment.Pod.Uid, bound, socket);
        (_nic, _identity, _time) = (nic, GuestIdentity.Of(bound), time);
        var lease = GuestLeases.ToDhcp(bound);
        if (_identity.IsTheNode && lease.DefaultRouterIpv6 is { } gateway && !nic.PinnedNeighbours.ContainsKey(gateway))
            _search = new GatewaySearch(nic, gateway, space);
        Responder = ResponderFor(lease);
        _searchAt = time.GetTimestamp();
        Begin();
    }

    public AttachmentKey Key { get; }

    public string PodUid { get; }

    public BoundInterface Bound { get; private set; }

    public PacketSocket Socket { get; }

    /// <summary>Hears where the gateway is; null where that is known, or nobody's business.</summary>
    public PacketSocket? SearchSocket => _search?.Socket;

    /// <summary>What the guest is answered now. Replaced as a whole.</summary>
    public GuestResponder Responder { get; private set; }

    public List<IDisposable> Watches { get; } = [];

    public bool DeclineTold { get; set; }

    public void Refresh(BoundInterface bound)
    {
        Bound = bound;
        Responder = ResponderFor(GuestLeases.ToDhcp(bound));
    }

    /// <summary>The guest runs here now: it is told its router at once, or as soon as it is known who that is.</summary>
    public void Begin() =>
        (_times, _advertiseAt) = (new(Random.Shared), _time.GetTimestamp() + Ticks(_search is { Found: null } ? PatienceForGateway : TimeSpan.Zero));

    /// <summary>Takes what came in on <see cref="SearchSocket"/>; the guest is told when its gateway turned up elsewhere.</summary>
    public bool HearGateway(ReadOnlySpan<byte> frame)
    {
        if (_search is null || !_search.Hear(frame))
            return false;
        Responder = ResponderFor(GuestLeases.ToDhcp(Bound));
        Begin();
        return true;
    }

    /// <summary>Says and asks what is due, and tells when something will be next.</summary>
    public long Speak(bool runs, Span<byte> buffer)
    {
        var now = _time.GetTimestamp();
        if (_search is not null && _searchAt <= now)
            _searchAt = now + Ticks(_search.Ask());
        var advertises = runs && Responder.Router is not null;
        if (advertises && _advertiseAt <= now)
        {
            Socket.TrySend(buffer[..Responder.WriteAdvertisement(buffer)]);
            _advertiseAt = now + Ticks(_times.Next());
        }

        return Math.Min(_search is null ? long.MaxValue : _searchAt, advertises ? _advertiseAt : long.MaxValue);
    }

    public void Dispose()
    {
        foreach (var watch in Watches)
            watch.Dispose();
        // Nobody reads them any more; the kernel makes who closes one wait until every processor has seen it go, some ten milliseconds.
        _ = DedicatedThread.Run("closing sockets", () =>
        {
            Socket.Dispose();
            _search?.Dispose();
            return true;
        });
    }

    // Behind NAT the guest's neighbours are not the pod's.
    private GuestResponder ResponderFor(DhcpLease lease) =>
        new(lease, _identity.Server, _identity.IsTheNode ? _nic.PinnedNeighbours : null, RouterOf(lease));

    private RouterIdentity? RouterOf(DhcpLease lease) => lease.DefaultRouterIpv6 is not { } gateway ? null
        : !_identity.IsTheNode ? new RouterIdentity(_identity.Server.LinkLocal, _identity.Server.Mac)
        : _nic.PinnedNeighbours.TryGetValue(gateway, out var pinned) ? RouterIdentity.Through(pinned)
        : _search?.Found is { } found ? RouterIdentity.Through(found)
        : null;

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);
}
