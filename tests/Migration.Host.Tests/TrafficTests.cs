using System.Text.Json;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

public sealed class TrafficTests : IDisposable
{
    private readonly TestNamespace _space = TestNamespace.Create("traffic");
    private readonly RouteClient _route;
    private readonly int _first;
    private readonly int _second;
    private readonly int _third;

    public TrafficTests()
    {
        _route = RouteClient.Open(_space.Space);
        foreach (var name in new[] { "a", "b", "c" })
            _route.CreateLink(new NewLink.Veth { Name = name, PeerName = name + "x", Up = true });
        (_first, _second, _third) = (_route.GetLink("a").Index, _route.GetLink("b").Index, _route.GetLink("c").Index);
    }

    public static TheoryData<Classifier> Changeable => [new Classifier.U32(), Classifier.Bpf.Everything];

    public void Dispose()
    {
        _route.Dispose();
        _space.Dispose();
    }

    [Fact]
    public async Task Hooks_come_once_and_go_with_their_filters()
    {
        _route.AddTrafficHooks(_first);
        Assert.Equal(Errno.EEXIST, Assert.Throws<NetlinkException>(() => _route.AddTrafficHooks(_first)).Errno);
        Assert.Contains((await _space.TcJsonAsync("qdisc show dev a")).EnumerateArray(), qdisc => qdisc.GetProperty("kind").GetString() == "clsact");
        Assert.Contains(_route.GetQueueingDisciplines(_first), qdisc => qdisc.Kind == "clsact");
        Assert.DoesNotContain(_route.GetQueueingDisciplines(_second), qdisc => qdisc.Kind == "clsact");

        _route.AddFilter(TrafficFilter.Redirect(_first, _second, new Classifier.U32()));
        _route.DeleteTrafficHooks(_first);
        Assert.DoesNotContain(_route.GetQueueingDisciplines(_first), qdisc => qdisc.Kind == "clsact");
        Assert.Equal("[]", (await _space.TcJsonAsync("filter show dev a ingress")).ToString().Trim());
    }

    [Theory]
    [MemberData(nameof(Changeable))]
    public async Task A_redirect_is_changed_in_place_and_read_back(Classifier classifier)
    {
        _route.AddTrafficHooks(_first);
        var filter = TrafficFilter.Redirect(_first, _second, classifier);
        _route.ReplaceFilter(filter);
        Assert.Equal(("b", "redirect", "egress"), await ShownRedirect());
        Assert.Equal(Errno.EEXIST, Assert.Throws<NetlinkException>(() => _route.AddFilter(filter)).Errno);

        var elsewhere = TrafficFilter.Redirect(_first, _third, classifier);
        _route.ReplaceFilter(elsewhere);
        _route.ReplaceFilter(elsewhere);
        Assert.Equal(("c", "redirect", "egress"), await ShownRedirect());

        var read = Assert.Single(_route.GetFilters(_first, TrafficHook.Ingress));
        Assert.Equal(elsewhere with { Action = null }, read with { Action = null });
        Assert.Equal((MirredKind.EgressRedirect, _third), (read.Action!.Kind, read.Action.TargetIndex));
        Assert.Empty(_route.GetFilters(_first, TrafficHook.Egress));

        _route.DeleteFilter(read);
        Assert.Empty(_route.GetFilters(_first, TrafficHook.Ingress));
        Assert.Equal(Errno.ENOENT, Assert.Throws<NetlinkException>(() => _route.DeleteFilter(read)).Errno);
    }

    [Fact]
    public async Task Filters_share_an_action_that_is_changed_by_its_number()
    {
        var action = new MirredAction(MirredKind.EgressRedirect, _second) { Index = 77 };
        _route.ReplaceAction(action);
        _route.AddTrafficHooks(_first);
        _route.AddFilter(TrafficFilter.Redirect(_first, _second, new Classifier.U32()) with { Action = action });
        Assert.Equal("b", (await ShownRedirect()).Target);

        _route.ReplaceAction(action with { TargetIndex = _third });
        Assert.Equal("c", (await ShownRedirect()).Target);
        Assert.Equal(_third, Assert.Single(_route.GetFilters(_first, TrafficHook.Ingress)).Action!.TargetIndex);
    }

    [Fact]
    public async Task A_bpf_program_decides_by_itself()
    {
        const int TC_ACT_OK = 0, TC_ACT_SHOT = 2;
        _route.AddTrafficHooks(_first);
        var program = PacketFilter.AnyOf([Match.EtherType(0x0806)]).ToClassifier(accepted: TC_ACT_OK, otherwise: TC_ACT_SHOT);
        var silence = new TrafficFilter
        {
            InterfaceIndex = _first,
            Hook = TrafficHook.Egress,
            Priority = 3,
            Handle = 1,
            Classifier = new Classifier.Bpf(program),
        };
        _route.ReplaceFilter(silence);

        var shown = (await _space.TcJsonAsync("filter show dev a egress")).EnumerateArray().Select(filter => filter.GetRawText()).ToArray();
        Assert.Contains(shown, filter => filter.Contains("direct-action", StringComparison.Ordinal) && filter.Contains("bytecode", StringComparison.Ordinal));
        Assert.Equal(silence, Assert.Single(_route.GetFilters(_first, TrafficHook.Egress)));

        _route.DeleteFilters(_first, TrafficHook.Egress);
        Assert.Empty(_route.GetFilters(_first, TrafficHook.Egress));
    }

    [Fact]
    public void This_kernel_can_make_a_cable_and_says_of_what()
    {
        var capabilities = TrafficCapabilities.Probe();
        Assert.True(capabilities.Mirred);
        var classifier = Assert.IsAssignableFrom<Classifier>(capabilities.ForRedirect);
        _route.AddTrafficHooks(_first);
        _route.ReplaceFilter(TrafficFilter.Redirect(_first, _second, classifier));
        Assert.Equal(classifier, Assert.Single(_route.GetFilters(_first, TrafficHook.Ingress)).Classifier);

        if (capabilities.MatchAll)
            return;
        var absent = Assert.Throws<NetlinkException>(() => _route.AddFilter(TrafficFilter.Redirect(_first, _second, new Classifier.MatchAll(), priority: 9)));
        Assert.Equal("TC classifier not found", absent.KernelMessage);
    }

    private async Task<(string? Target, string? Act, string? Direction)> ShownRedirect()
    {
        var filters = await _space.TcJsonAsync("filter show dev a ingress");
        var action = Assert.Single(filters.EnumerateArray().SelectMany(Actions));
        return (action.GetProperty("to_dev").GetString(), action.GetProperty("mirred_action").GetString(), action.GetProperty("direction").GetString());

        static IEnumerable<JsonElement> Actions(JsonElement filter) =>
            filter.TryGetProperty("options", out var options) && options.TryGetProperty("actions", out var actions) ? actions.EnumerateArray() : [];
    }
}
