using Migration.Node.Migrations;
using Migration.Node.Networks;
using Wire = Migration.Protos;

namespace Migration.Node.Tests.Migrations;

public sealed class StretchMappingTests
{
    [Fact]
    public void Stretch_comes_back_as_it_was_told()
    {
        var wire = Told();

        var way = MigrationMapping.ToStretch(wire, StretchPart.Home);

        Assert.Equal(StretchPart.Home, way.Part);
        Assert.Equal(wire, MigrationMapping.ToWire(new StretchedNic(new AttachmentKey("net", "container", "eth0"), "default", way)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 24)]
    [InlineData(uint.MaxValue)]
    public void Number_that_no_vxlan_can_have_is_refused(uint id) => Assert.Contains($"{id}", Refused(told => told.Id = id));

    [Theory]
    [InlineData("")]
    [InlineData("node-a")]
    [InlineData("10.0.0.1:80:1")]
    public void Address_that_is_none_is_refused(string address)
    {
        Assert.Contains($"'{address}'", Refused(told => told.HomeAddress = address));
        Assert.Contains($"'{address}'", Refused(told => told.GuestAddress = address));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../machine")]
    public void Machine_that_cannot_be_one_is_refused(string id) => Assert.Contains("stretch.home_machine_id", Refused(told => told.HomeMachineId = id));

    [Fact]
    public void Stretch_between_two_pods_of_one_node_is_local()
    {
        var wire = Told();
        wire.GuestAddress = wire.HomeAddress;

        Assert.True(MigrationMapping.ToStretch(wire, StretchPart.Guest).IsLocal);
        Assert.False(MigrationMapping.ToStretch(Told(), StretchPart.Guest).IsLocal);
    }

    [Fact]
    public void Address_stays_behind_only_where_the_caller_asks_for_it()
    {
        Assert.True(MigrationMapping.ToSettings(new Wire.MigrationOptions { Anchor = Wire.Anchor.Always }).Anchor);
        Assert.False(MigrationMapping.ToSettings(new Wire.MigrationOptions { Anchor = Wire.Anchor.Never }).Anchor);
    }

    private static string Refused(Action<Wire.Stretch> change)
    {
        var told = Told();
        change(told);
        var refused = Assert.Throws<RefusedException>(() => MigrationMapping.ToStretch(told, StretchPart.Home));
        Assert.Equal(Refusal.Malformed, refused.Refusal);
        return refused.Message;
    }

    private static Wire.Stretch Told() => new()
    {
        Interface = "default",
        Id = 0xabcdef,
        HomeMachineId = "home",
        HomeNode = "a",
        HomeAddress = "10.0.0.1",
        HomeControlEndpoint = "10.0.0.1:7411",
        GuestNode = "b",
        GuestAddress = "fd00::2",
    };
}
