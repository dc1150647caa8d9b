using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

/// <summary>nf_tables of the real kernel through <see cref="FilterClient"/>, judged by nft and by packets.</summary>
public sealed class FilterTests : IDisposable
{
    private const byte Tcp = 6;
    private static readonly TableName Ours = new(FilterFamily.Ipv4, "ours");
    private static readonly FilterExpression Count = new FilterExpression.Counter();

    private readonly TestNamespace _space = TestNamespace.Create("filter");
    private readonly FilterClient _filters;

    public FilterTests() => _filters = FilterClient.Open(_space.Space);

    public void Dispose()
    {
        _filters.Dispose();
        _space.Dispose();
    }

    [Fact]
    public async Task Nft_shows_what_was_written_and_it_is_read_back_as_it_was()
    {
        var address = IPAddress.Parse("10.0.2.2");
        var input = new FilterChain(Ours, "in") { Base = ChainHook.Nat(FilterHook.Prerouting, -100) };
        var pass = new FilterChain(Ours, "pass") { Base = ChainHook.Filter(FilterHook.Forward, 5, drops: true) };
        var output = new FilterChain(Ours, "out") { Base = ChainHook.Nat(FilterHook.Postrouting, 100) };
        var below = new FilterChain(Ours, "below");
        FilterRule[] rules =
        [
            new(Ours, "in", [.. Conditions.InputIs("eth0"), .. Conditions.PortIs(Tcp, 1000, 2000), Count, FilterExpression.Jump("below")]) { Comment = "words" },
            new(Ours, "pass", [.. Conditions.StateIsAnyOf(ConnectionStates.Established | ConnectionStates.Related), FilterExpression.Accept]),
            new(Ours, "pass", [.. Conditions.OutputIs("eth0"), .. Conditions.IsInOriginalDirection(), .. Conditions.DestinationIsNotTranslated(), FilterExpression.Drop]),
            new(Ours, "out", [.. Conditions.SourceIs(address), Count, new FilterExpression.Masquerade()]),
            new(Ours, "out", [.. Conditions.DestinationIs(IPAddress.Loopback), .. Translation.SourceTo(address)]),
            new(Ours, "below", [.. Conditions.PortIs(132, 5, 5), .. Translation.DestinationTo(address, 80, 90)]),
            new(Ours, "below", [.. Translation.DestinationTo(address)]),
            new(Ours, "below", [.. RangeOfPorts(3, 4), new FilterExpression.Decide(FilterVerdict.Return)]),
        ];
        var transaction = new FilterTransaction().AddTable(new FilterTable(Ours) { Comment = "hello" });
        foreach (var chain in new[] { input, pass, output, below })
            transaction.AddChain(chain);
        foreach (var rule in rules)
            transaction.AddRule(rule);
        _filters.Commit(transaction);

        Assert.Equal(
            """
            table ip ours {
            	comment "hello"
            	chain in {
            		type nat hook prerouting priority dstnat; policy accept;
            		iifname "eth0" tcp dport 1000-2000 counter packets 0 bytes 0 jump below comment "words"
            	}

            	chain pass {
            		type filter hook forward priority filter + 5; policy drop;
            		ct state established,related accept
            		oifname "eth0" ct direction original ct status ! dnat drop
            	}

            	chain out {
            		type nat hook postrouting priority srcnat; policy accept;
            		ip saddr 10.0.2.2 counter packets 0 bytes 0 masquerade
            		ip daddr 127.0.0.1 snat to 10.0.2.2
            	}

            	chain below {
            		sctp dport 5 dnat to 10.0.2.2:80-90
            		dnat to 10.0.2.2
            		tcp dport 3-4 return
            	}
            }

            """, await _space.ExecuteAsync("nft list ruleset"), ignoreLineEndingDifferences: true);
        Assert.Equal([new FilterTable(Ours) { Comment = "hello" }], _filters.GetTables());
        Assert.Equal([input, pass, output, below], _filters.GetChains(Ours));
        var read = _filters.GetRules(Ours);
        Assert.Equal(rules.Length, read.Count);
        Assert.All(rules.Zip(read), pair => Assert.True(pair.First.DoesTheSameAs(pair.Second), $"{pair.First}\n{pair.Second}"));

        _filters.Commit(new FilterTransaction().DeleteRule(read[^1]).DeleteTable(Ours));
        Assert.Empty(await _space.NftJsonAsync());
    }

    [Fact]
    public async Task What_nft_wrote_is_read_and_what_is_not_known_is_no_obstacle()
    {
        await _space.ExecuteAsync("nft add table inet theirs");
        await _space.ExecuteAsync("nft add chain inet theirs in { type filter hook input priority 0 ; policy accept ; }");
        await _space.ExecuteAsync("nft add rule inet theirs in tcp dport { 22, 80 } limit rate 5/second log accept");
        await _space.ExecuteAsync("nft add rule inet theirs in meta mark set 5");
        var theirs = new TableName(FilterFamily.Inet, "theirs");

        Assert.Equal([new FilterTable(theirs)], _filters.GetTables());
        Assert.Equal(ChainHook.Filter(FilterHook.Input), Assert.Single(_filters.GetChains(theirs)).Base);
        var rules = _filters.GetRules(theirs);
        Assert.Equal(["meta", "cmp", "payload", "lookup", "limit", "log", "immediate"], rules[0].Expressions.Select(one => one.Name));
        Assert.IsType<FilterExpression.Foreign>(rules[1].Expressions.Last());
    }

    [Fact]
    public async Task A_transaction_with_a_bad_last_change_leaves_nothing_and_says_which_it_was()
    {
        var chain = new FilterChain(Ours, "in") { Base = ChainHook.Nat(FilterHook.Prerouting, -100) };
        var good = new FilterTransaction().AddTable(new FilterTable(Ours)).AddChain(chain);
        var bad = new FilterTransaction().AddTable(new FilterTable(Ours)).AddChain(chain)
            .AddRule(new FilterRule(Ours, "in", [Count]))
            .AddRule(new FilterRule(Ours, "in", [FilterExpression.Jump("nowhere")]));

        var refused = Assert.Throws<NetlinkException>(() => _filters.Commit(bad));
        Assert.Equal(Errno.ENOENT, refused.Errno);
        Assert.StartsWith("add rule ip ours in: ", refused.Operation, StringComparison.Ordinal);
        Assert.Contains("nowhere", refused.Operation);
        Assert.Empty(await _space.NftJsonAsync());

        // The same on top of what is there: it stays as it was.
        _filters.Commit(good);
        var before = await _space.ExecuteAsync("nft list ruleset");
        Assert.Throws<NetlinkException>(() => _filters.Commit(new FilterTransaction().DeleteTable(Ours).AddTable(new FilterTable(Ours)).AddRule(new FilterRule(Ours, "in", [Count]))));
        Assert.Equal(before, await _space.ExecuteAsync("nft list ruleset"));
        Assert.Equal("delete table ip other", Assert.Throws<NetlinkException>(() => _filters.Commit(new FilterTransaction().DeleteTable(Ours with { Name = "other" }))).Operation);
    }

    [Fact]
    public void A_large_transaction_is_one_transaction()
    {
        var transaction = new FilterTransaction().AddTable(new FilterTable(Ours)).AddChain(new FilterChain(Ours, "in"));
        for (ushort port = 1; port <= 2000; port++)
            transaction.AddRule(new FilterRule(Ours, "in", [.. Conditions.PortIs(Tcp, port, port), Count, FilterExpression.Drop]));
        _filters.Commit(transaction);
        Assert.Equal(2000, _filters.GetRules(Ours).Count);

        // And two thousand refusals are one exception, after which the conversation goes on.
        var refused = Assert.Throws<NetlinkException>(() => _filters.Commit(Enumerable.Range(1, 2000).Aggregate(
            new FilterTransaction(), (all, handle) => all.DeleteRule(new FilterRule(Ours, "in", []) { Handle = 1_000_000ul + (ulong)handle }))));
        Assert.Contains(refused.Errno, new[] { Errno.ENOENT, Errno.ENOBUFS });
        Assert.Equal(2000, _filters.GetRules(Ours).Count);
    }

    [Fact]
    public async Task Two_threads_replace_the_same_table_and_each_time_it_is_the_whole_of_one()
    {
        FilterTransaction Of(string name, int rules)
        {
            var transaction = new FilterTransaction().ReplaceTable(new FilterTable(Ours)).AddChain(new FilterChain(Ours, name));
            for (ushort port = 1; port <= rules; port++)
                transaction.AddRule(new FilterRule(Ours, name, [.. Conditions.PortIs(Tcp, port, port), Count]));
            return transaction;
        }

        using var other = FilterClient.Open(_space.Space);
        var few = Of("few", 3);
        var many = Of("many", 30);
        var replacing = Task.WhenAll(
            Task.Run(() => Repeat(() => _filters.Commit(few))),
            Task.Run(() => Repeat(() => other.Commit(many))),
            Task.Run(() => Repeat(() => _filters.Commit(many))));
        _filters.Commit(few);
        while (!replacing.IsCompleted)
        {
            try
            {
                Assert.Contains(_filters.GetRules(Ours).CountBy(rule => rule.Chain).Single(), new Dictionary<string, int> { ["few"] = 3, ["many"] = 30 });
            }
            catch (NetlinkException overtaken) when (overtaken.Errno is Errno.EINTR)
            {
                // Changes overtook the list again and again: it says so instead of showing a mixture.
            }
        }

        await replacing;

        static void Repeat(Action act)
        {
            for (var round = 0; round < 500; round++)
                act();
        }
    }

    [Fact]
    public async Task Packets_are_counted_translated_and_dropped()
    {
        await _space.IpAsync("link set lo up");
        using var listener = _space.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 5001));
        listener.Listen();
        var output = new FilterChain(Ours, "output") { Base = ChainHook.Nat(FilterHook.Output, -100) };
        var guard = new FilterChain(Ours, "guard") { Base = ChainHook.Filter(FilterHook.Input) };
        _filters.Commit(new FilterTransaction().AddTable(new FilterTable(Ours)).AddChain(output).AddChain(guard)
            .AddRule(new FilterRule(Ours, "output", [.. Conditions.PortIs(Tcp, 4000, 4999), Count, .. Translation.DestinationTo(IPAddress.Loopback, 5001, 5001)]))
            .AddRule(new FilterRule(Ours, "guard", [.. Conditions.PortIs(Tcp, 6000, 6000), Count, FilterExpression.Drop])));

        using var client = _space.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync(IPAddress.Loopback, 4321, TestContext.Current.CancellationToken);
        using var refused = _space.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        refused.Blocking = false;
        Assert.Equal(SocketError.WouldBlock, Assert.Throws<SocketException>(() => refused.Connect(IPAddress.Loopback, 6000)).SocketErrorCode);

        // The kernel may take its time to hand the packet back, and the client may have sent it again by then.
        var counted = await CountersAsync();
        for (var looks = 0; counted[1] == 0 && looks < 1000; looks++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            counted = await CountersAsync();
        }

        Assert.Equal(1, counted[0]);
        Assert.True(counted[1] > 0, "the guard counted nothing");
        var read = _filters.GetRules(Ours).Select(rule => (int)rule.Expressions.OfType<FilterExpression.Counter>().Single().Packets).ToArray();
        Assert.Equal(1, read[0]);
        Assert.True(read[1] >= counted[1]);
    }

    private async Task<int[]> CountersAsync() => [.. (await _space.NftJsonAsync()).Where(one => one.TryGetProperty("rule", out _)).Select(Packets)];

    private static int Packets(JsonElement rule) => rule.GetProperty("rule").GetProperty("expr").EnumerateArray()
        .Single(one => one.TryGetProperty("counter", out _)).GetProperty("counter").GetProperty("packets").GetInt32();

    private static IEnumerable<FilterExpression> RangeOfPorts(ushort first, ushort last) =>
    [
        .. Conditions.ProtocolIs(Tcp),
        new FilterExpression.Payload(PayloadBase.Transport, 2, 2, FilterRegister.R1),
        new FilterExpression.InRange(FilterRegister.R1, RegisterValue.BigEndian(first), RegisterValue.BigEndian(last)),
    ];
}
