using Migration.Netlink;
using Migration.Node.Networks;

namespace Migration.Node.Tests.Networks;

public sealed class WiringsTests
{
    private static readonly TrafficCapabilities Everything = new(Mirred: true, MatchAll: true, U32: true, Bpf: true);

    public static TheoryData<bool, bool, bool, bool, string> Kernels => new()
    {
        { true, true, true, true, "Cable" },
        { true, false, false, true, "Cable" },
        { true, true, true, false, "Takeover" },
        { false, true, true, true, "Takeover" },
        { false, false, false, false, "Takeover" },
    };

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Auto_is_the_cable_where_the_kernel_has_what_it_is_made_of(bool mirred, bool matchAll, bool u32, bool bpf, string expected) =>
        Assert.Equal(Enum.Parse<Wiring>(expected), new Wirings(WiringChoice.Auto, new TrafficCapabilities(mirred, matchAll, u32, bpf)).Chosen);

    [Fact]
    public void What_was_told_is_done_or_refused()
    {
        Assert.Equal(Wiring.Takeover, new Wirings(WiringChoice.Takeover, Everything).Chosen);
        Assert.Equal(Wiring.Cable, new Wirings(WiringChoice.Cable, Everything).Chosen);
        Assert.StartsWith("--wiring cable: this kernel lacks", Assert.Throws<RefusedException>(() => new Wirings(WiringChoice.Cable, Everything with { Mirred = false })).Message);
    }
}
