using Migration.Linux;

namespace Migration.Netlink;

/// <summary>
/// What this kernel's traffic control can do, tried out in a namespace of its own that is thrown away. Kernels differ, and a module
/// that is missing cannot be told from its configuration.
/// </summary>
public sealed record TrafficCapabilities(bool Mirred, bool MatchAll, bool U32, bool Bpf)
{
    private const int Loopback = 1;

    /// <summary>
    /// What a cable's redirects are best made of here; null if there is nothing. Those that can be changed in place come first.
    /// </summary>
    public Classifier? ForRedirect => !Mirred ? null
        : U32 ? new Classifier.U32()
        : Bpf ? Classifier.Bpf.Everything
        : MatchAll ? new Classifier.MatchAll()
        : null;

    public static TrafficCapabilities Probe()
    {
        using var space = NetworkNamespace.CreateAnonymous();
        using var route = RouteClient.Open(space);
        if (!Works(() => route.AddTrafficHooks(Loopback)))
            return new TrafficCapabilities(false, false, false, false);
        return new TrafficCapabilities(
            Works(() => route.ReplaceAction(new MirredAction(MirredKind.EgressRedirect, Loopback) { Index = 1 })),
            Matches(route, new Classifier.MatchAll(), priority: 1),
            Matches(route, new Classifier.U32(), priority: 2),
            Matches(route, Classifier.Bpf.Everything, priority: 3));
    }

    private static bool Matches(RouteClient route, Classifier classifier, ushort priority) =>
        Works(() => route.AddFilter(TrafficFilter.Redirect(Loopback, Loopback, classifier, priority)));

    private static bool Works(Action request)
    {
        try
        {
            request();
            return true;
        }
        catch (NetlinkException exception) when (exception.Errno is Errno.ENOENT or Errno.EOPNOTSUPP or Errno.EINVAL)
        {
            return false;
        }
    }
}
