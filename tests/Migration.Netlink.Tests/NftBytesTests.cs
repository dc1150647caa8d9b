using System.Net;
using Migration.Netlink.Protocol;

namespace Migration.Netlink.Tests;

/// <summary>
/// The bytes of nft 1.0.6, without their netlink headers, as <c>strace -e trace=sendmsg -e write=3 nft -f FILE</c> shows them for the
/// line in each comment: what we write for it is the same, and what we read of them is what they say.
/// </summary>
public sealed class NftBytesTests
{
    private static readonly TableName Table = new(FilterFamily.Ipv4, "t");
    private static readonly IPAddress Guest = IPAddress.Parse("10.0.2.2");

    public static TheoryData<string, FilterChain> Chains => new()
    {
        // chain pre { type nat hook prerouting priority -100; policy accept; }
        { "0200000006000100740000000800030070726500080007006e617400080005000000000114000480080001000000000008000200ffffff9c", new FilterChain(Table, "pre") { Base = ChainHook.Nat(FilterHook.Prerouting, -100) } },
        // chain pass { type filter hook forward priority 5; policy drop; }
        { "0200000006000100740000000900030070617373000000000b00070066696c746572000008000500000000001400048008000100000000020800020000000005", new FilterChain(Table, "pass") { Base = ChainHook.Filter(FilterHook.Forward, 5, drops: true) } },
        // chain below { }
        { "0200000006000100740000000a00030062656c6f77000000", new FilterChain(Table, "below") },
    };

    public static TheoryData<string, FilterRule> Rules => new()
    {
        // iifname "eth0" tcp dport 1000-2000 counter jump below comment "c"
        {
            "02000000060001007400000008000200707265008c01048024000180090001006d6574610000000014000280080002000000000608000100000000013800018008000100636d70002c0002800800010000000001080002000000000018000380140001006574683000000000000000000000000024000180090001006d6574610000000014000280080002000000001008000100000000012c00018008000100636d700020000280080001000000000108000200000000000c0003800500010006000000340001800c0001007061796c6f6164002400028008000100000000010800020000000002080003000000000208000400000000022c00018008000100636d700020000280080001000000000108000200000000050c0003800600010003e800002c00018008000100636d700020000280080001000000000108000200000000030c0003800600010007d00000140001800c000100636f756e74657200040002803c0001800e000100696d6d6564696174650000002800028008000100000000001c0002801800028008000100fffffffd0a00020062656c6f770000000800070000026300",
            new FilterRule(Table, "pre", [.. Conditions.InputIs("eth0"), .. Conditions.PortIs(6, 1000, 2000), new FilterExpression.Counter(), FilterExpression.Jump("below")]) { Comment = "c" }
        },
        // oifname "k6t-eth0" ct direction original ct status & dnat == 0 counter drop
        {
            "0200000006000100740000000900020070617373000000008801048024000180090001006d6574610000000014000280080002000000000708000100000000013800018008000100636d70002c0002800800010000000001080002000000000018000380140001006b36742d65746830000000000000000020000180070001006374000014000280080002000000000108000100000000012c00018008000100636d700020000280080001000000000108000200000000000c000380050001000000000020000180070001006374000014000280080002000000000208000100000000014c0001800c00010062697477697365003c00028008000100000000010800020000000001080006000000000008000300000000040c00048008000100200000000c00058008000100000000002c00018008000100636d700020000280080001000000000108000200000000000c0003800800010000000000140001800c000100636f756e7465720004000280300001800e000100696d6d6564696174650000001c0002800800010000000000100002800c0002800800010000000000",
            new FilterRule(Table, "pass", [.. Conditions.OutputIs("k6t-eth0"), .. Conditions.IsInOriginalDirection(), .. Conditions.DestinationIsNotTranslated(), new FilterExpression.Counter(), FilterExpression.Drop])
        },
        // ip daddr 127.0.0.1 sctp dport 5 dnat to 10.0.2.2:80-90
        {
            "0200000006000100740000000a00020062656c6f77000000d8010480340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000001008000400000000042c00018008000100636d700020000280080001000000000108000200000000000c000380080001007f00000124000180090001006d6574610000000014000280080002000000001008000100000000012c00018008000100636d700020000280080001000000000108000200000000000c0003800500010084000000340001800c0001007061796c6f6164002400028008000100000000010800020000000002080003000000000208000400000000022c00018008000100636d700020000280080001000000000108000200000000000c00038006000100000500002c0001800e000100696d6d6564696174650000001800028008000100000000010c000280080001000a0002022c0001800e000100696d6d6564696174650000001800028008000100000000020c00028006000100005000002c0001800e000100696d6d6564696174650000001800028008000100000000030c00028006000100005a000040000180080001006e61740034000280080001000000000108000200000000020800030000000001080005000000000208000600000000030800070000000002",
            new FilterRule(Table, "below", [.. Conditions.DestinationIs(IPAddress.Loopback), .. Conditions.PortIs(132, 5, 5), .. Translation.DestinationTo(Guest, 80, 90)])
        },
        // ip saddr 10.0.2.2 masquerade
        {
            "0200000006000100740000000a00020062656c6f7700000078000480340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000000c08000400000000042c00018008000100636d700020000280080001000000000108000200000000000c000380080001000a00020214000180090001006d6173710000000004000280",
            new FilterRule(Table, "below", [.. Conditions.SourceIs(Guest), new FilterExpression.Masquerade()])
        },
        // numgen random mod 3 0 dnat to 10.0.2.2
        {
            "0200000006000100740000000800020070726500b8000480340001800b0001006e756d67656e00002400028008000100000000010800020000000003080003000000000108000400000000002c00018008000100636d700020000280080001000000000108000200000000000c00038008000100000000002c0001800e000100696d6d6564696174650000001800028008000100000000010c000280080001000a00020228000180080001006e6174001c000280080001000000000108000200000000020800030000000001",
            new FilterRule(Table, "pre", [.. Conditions.OneIn(3), .. Translation.DestinationTo(Guest)])
        },
        // ip saddr 10.244.0.0/16 reject
        {
            "02000000060001007400000009000200706173730000000088000480340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000000c08000400000000022c00018008000100636d700020000280080001000000000108000200000000000c000380060001000af40000240001800b00010072656a65637400001400028008000100000000000500020003000000",
            new FilterRule(Table, "pass", [.. Conditions.SourceIsIn(IPNetwork.Parse("10.244.0.0/16")), FilterExpression.RefuseAsUnreachable(FilterFamily.Ipv4)])
        },
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public void Chains_are_written_as_nft_writes_them_and_read_back(string hex, FilterChain chain)
    {
        Assert.Equal(hex, BodyOf(FilterMessage.WriteNewChain(chain)));
        Assert.Equal(chain, FilterMessage.ReadChain(FilterMessage.NewChain, Convert.FromHexString(hex)));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Rules_are_written_as_nft_writes_them_and_read_back(string hex, FilterRule rule)
    {
        Assert.Equal(hex, BodyOf(FilterMessage.WriteNewRule(rule)));
        var read = FilterMessage.ReadRule(FilterMessage.NewRule, Convert.FromHexString(hex));
        Assert.Equal(rule.Expressions, read.Expressions);
        Assert.True(rule.DoesTheSameAs(read));
    }

    /// <summary>nft leaves the seed out, and the kernel then takes another for every rule: shares of one hash would overlap.</summary>
    [Fact]
    public void A_hash_has_the_same_seed_in_every_rule()
    {
        var rule = new FilterRule(Table, "pre", [.. Conditions.SourceHashIs(System.Net.Sockets.AddressFamily.InterNetwork, 1, 3), .. Translation.DestinationTo(Guest)]);
        var written = BodyOf(FilterMessage.WriteNewRule(rule));
        Assert.Contains("08000500" + "00000000", written, StringComparison.Ordinal);
        Assert.Equal(rule.Expressions, FilterMessage.ReadRule(FilterMessage.NewRule, Convert.FromHexString(written)).Expressions);
    }

    [Fact]
    public void A_network_that_ends_inside_a_byte_is_compared_under_its_mask()
    {
        var rule = new FilterRule(Table, "pass", [.. Conditions.SourceIsNotIn(IPNetwork.Parse("10.64.0.0/10")), FilterExpression.Drop]);
        var read = FilterMessage.ReadRule(FilterMessage.NewRule, Convert.FromHexString(BodyOf(FilterMessage.WriteNewRule(rule))));
        Assert.Equal(rule.Expressions, read.Expressions);
        Assert.Equal("0xffc00000", read.Expressions.OfType<FilterExpression.Bitwise>().Single().Mask.ToString());
    }

    [Fact]
    public void Tables_and_edges_of_a_transaction_are_written_as_nft_writes_them()
    {
        // table ip t { comment "hello" }; nft also says flags 0.
        const string flags = "0800020000000000";
        const string table = "02000000060001007400000008000200000000000c000600000668656c6c6f00";
        Assert.Equal(table.Replace(flags, "", StringComparison.Ordinal), BodyOf(FilterMessage.WriteNewTable(new FilterTable(Table) { Comment = "hello" })));
        Assert.Equal(new FilterTable(Table) { Comment = "hello" }, FilterMessage.ReadTable(FilterMessage.NewTable, Convert.FromHexString(table)));
        // delete table ip t
        Assert.Equal("020000000600010074000000", BodyOf(FilterMessage.WriteDeleteTable(Table)));
        Assert.Equal("0000000a", BodyOf(FilterMessage.WriteBatchEdge(FilterMessage.BatchBegin)));
    }

    [Fact]
    public void Rules_differ_by_anything_but_what_they_counted_and_their_handle()
    {
        var rule = new FilterRule(Table, "pre", [.. Conditions.InputIs("eth0"), new FilterExpression.Counter(), FilterExpression.Drop]);
        Assert.True(rule.DoesTheSameAs(rule with { Handle = 7, Expressions = [.. Conditions.InputIs("eth0"), new FilterExpression.Counter(3, 180), FilterExpression.Drop] }));
        FilterRule[] others =
        [
            rule with { Chain = "post" },
            rule with { Table = Table with { Family = FilterFamily.Ipv6 } },
            rule with { Comment = "other" },
            rule with { Expressions = [.. Conditions.InputIs("eth1"), new FilterExpression.Counter(), FilterExpression.Drop] },
            rule with { Expressions = [.. Conditions.OutputIs("eth0"), new FilterExpression.Counter(), FilterExpression.Drop] },
            rule with { Expressions = [.. Conditions.InputIs("eth0"), FilterExpression.Drop] },
            rule with { Expressions = [.. rule.Expressions, FilterExpression.Drop] },
        ];
        Assert.All(others, other => Assert.False(rule.DoesTheSameAs(other)));
    }

    [Fact]
    public void What_is_too_long_is_refused_before_it_is_sent()
    {
        Assert.Throws<ArgumentException>(() => RegisterValue.InterfaceName("a-name-of-16-byt"));
        Assert.Equal(16, RegisterValue.InterfaceName("a-name-of-15-by").Bytes.Length);
        Assert.Throws<ArgumentException>(() => FilterMessage.WriteNewTable(new FilterTable(Table) { Comment = new string('x', FilterTable.MaximumComment) }));
        Assert.Throws<ArgumentException>(() => FilterMessage.WriteNewRule(new FilterRule(Table, "pre", [new FilterExpression.Foreign("xt")])));
    }

    private static string BodyOf(MessageWriter message) => Convert.ToHexStringLower(message.Complete(0, 0, 0)[NetlinkHeader.Size..]);
}
