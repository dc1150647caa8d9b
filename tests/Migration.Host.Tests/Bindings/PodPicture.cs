using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Bindings;

/// <summary>
/// All that ip, bridge, tc and nft tell of a pod's network, as lines to compare. Without what says nothing about it: counters and clocks,
/// numbers that the kernel gives in passing, MACs that it rolls, states that it settles in the background, the queue
/// length that a veth gets with its first qdisc.
/// </summary>
internal static class PodPicture
{
    private static readonly HashSet<string> Passing =
    [
        "ifindex", "state", "link_index", "link_netnsid", "stats", "stats64", "operstate", "txqlen", "bytes", "packets", "drops", "overlimits", "requeues", "backlog", "qlen", "installed", "last_used",
        "expires", "valid_life_time", "preferred_life_time", "used", "updated", "confirmed", "handle", "root_id", "bridge_id", "root_port", "index", "ref", "bind", "designated_bridge",
        "tentative", "dynamic", "created", "firstused", "metainfo", "bytecode_hash", "num_tx_queues", "num_rx_queues", "gso_max_size", "tcm", "port_id", "id", "no", "designated_port", "inet6_addr_gen_mode",
    ];

    private static readonly HashSet<string> LastingFlags = ["UP", "NOARP", "ALLMULTI", "PROMISC"];

    private const string Script = """
        links=$(cd /sys/class/net; echo *)
        echo "### ip"; printf 'link show\naddr show\nroute show table all\nneigh show nud permanent\n' | ip -j -d -batch -
        echo "### ip -6 route"; ip -j -6 route show table all
        echo "### bridge"; bridge -j -d link
        keys="ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/all/arp_ignore"
        [ ! -e /proc/sys/net/bridge ] || keys="$keys bridge/bridge-nf-call-ip6tables"
        echo "### tc"
        for link in $links; do
            [ $link = lo ] || printf "qdisc show dev $link\nfilter show dev $link ingress\nfilter show dev $link egress\n"
        done | tc -j -batch -
        for link in $links; do
            keys="$keys ipv6/conf/$link/disable_ipv6 ipv6/conf/$link/accept_ra ipv4/conf/$link/arp_ignore ipv4/conf/$link/route_localnet ipv4/conf/$link/forwarding"
        done
        for key in $keys; do read value < /proc/sys/net/$key; echo "### $key"; echo "[\"$value\"]"; done
        echo "### nft"; nft -j list ruleset
        """;

    public static async Task<string[]> OfAsync(TestNamespace space)
    {
        // A view of /sys that belongs to the namespace.
        var output = await Shell.RunAsync("ip", "netns", "exec", space.Name, "sh", "-c", Script);
        return [.. output.Split("### ", StringSplitOptions.RemoveEmptyEntries).SelectMany(Lines).Order(StringComparer.Ordinal)];
    }

    /// <summary>The same once every address is its interface's for good.</summary>
    public static async Task<string[]> SettledAsync(TestNamespace space)
    {
        await BindingBench.EventuallyAsync(async () => string.IsNullOrWhiteSpace(await space.IpAsync("-6 addr show tentative")), "addresses are nobody else's");
        return await OfAsync(space);
    }

    /// <summary>What the kernel settles in the background it settles in its own time.</summary>
    public static async Task BecomesAsync(TestNamespace space, string[] expected, string when)
    {
        var waiting = TimeProvider.System.GetTimestamp();
        var actual = await OfAsync(space);
        while (!expected.SequenceEqual(actual) && TimeProvider.System.GetElapsedTime(waiting) < LabNode.Limit)
            actual = await OfAsync(space);
        Assert.True(
            expected.SequenceEqual(actual),
            $"{when}:\nmissing: {string.Join("\n         ", expected.Except(actual))}\nleft:    {string.Join("\n         ", actual.Except(expected))}");
    }

    private static IEnumerable<string> Lines(string section)
    {
        var end = section.IndexOf('\n', StringComparison.Ordinal);
        var (title, text) = (section[..end], section[end..].Trim());
        if (text.Length == 0)
            return [];
        return Values(text).SelectMany(value => value is JsonArray array ? array.ToList() : [.. value["nftables"]!.AsArray()])
            .Select(item => Clean(title, item)).Where(item => item.Length > 0).Select(item => $"{title}: {item}");
    }

    /// <summary>Of several commands at once the answers stand one behind the other.</summary>
    private static List<JsonNode> Values(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        var values = new List<JsonNode>();
        while (reader.Read())
            values.Add(JsonNode.Parse(ref reader)!);
        return values;
    }

    private static string Clean(string title, JsonNode? item)
    {
        if (item is not JsonObject found)
            return item?.ToJsonString() ?? "";
        // The address that comes with a rolled MAC is rolled, too.
        if (found["linkinfo"]?["info_kind"]?.ToString() == "tun" || found["ifname"]?.ToString() is { } name && (name.StartsWith("tap", StringComparison.Ordinal) || name.EndsWith("-off", StringComparison.Ordinal) || name == CrashTests.WayLink))
            found.Remove("address");
        // What the kernel makes of addresses by itself, it makes and takes away when it gets to it.
        if (found["table"]?.ToString() == "local" && found["protocol"]?.ToString() == "kernel")
            return "";
        // bridge(8) looks for a veth's other end here, whichever namespace it is in.
        if (title == "bridge")
            found.Remove("link");
        Strip(found);
        return title.StartsWith("nft", StringComparison.Ordinal) && found.ContainsKey("metainfo") ? "" : found.ToJsonString(new JsonSerializerOptions { WriteIndented = false });
    }

    private static void Strip(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
                Strip(item);
        }

        if (node is not JsonObject found)
            return;
        foreach (var (key, value) in found.ToList())
        {
            if (Passing.Contains(key) || key.EndsWith("_timer", StringComparison.Ordinal))
                found.Remove(key);
            else if (key == "flags" && value is JsonArray flags)
                found[key] = string.Join(' ', flags.Select(flag => flag!.ToString()).Where(LastingFlags.Contains).Order(StringComparer.Ordinal));
            else
                Strip(value);
        }
    }
}
