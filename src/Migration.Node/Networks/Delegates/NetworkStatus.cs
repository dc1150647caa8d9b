using System.Net;
using System.Net.Sockets;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// The pod annotation <c>k8s.v1.cni.cncf.io/network-status</c> of the Kubernetes Network Custom Resource Definition de-facto standard
/// 1.3, with the keys in the order in which Multus writes them.
/// </summary>
internal static class NetworkStatus
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, IndentSize = 4, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(IEnumerable<JsonNode?> entries) => new JsonArray([.. entries.Select(entry => entry?.DeepClone())]).ToJsonString(Format);

    /// <summary>One entry for each interface that the plugins say they made in the pod; their result need not name any.</summary>
    public static JsonArray Of(DelegateRecord record, JsonObject result, Link nic, JsonObject? deviceInfo)
    {
        var made = InPod(result);
        if (made.Count == 0)
            made = [(record.InterfaceName, "", 0, null)];
        var entries = new JsonArray();
        foreach (var (name, mac, mtu, index) in made)
        {
            var own = name == record.InterfaceName;
            var addresses = Addresses(result).Where(address => made.Count == 1 || address.Interface is null ? own : address.Interface == index).Select(address => address.Address);
            entries.Add((JsonNode)Entry(
                record.Plan.Delegate!.Name, name, addresses, own ? MacAddress.From(nic.Mac).ToString() : mac, own ? nic.Mtu : mtu,
                isDefault: false, Dns(result), own ? deviceInfo : null, own ? Gateways(record.Plan, result) : []));
        }

        return entries;
    }

    /// <summary>The pod network's entry, from the NIC itself: its result is not known to the last plugin of a chain.</summary>
    public static JsonObject OfPodNetwork(AttachmentKey primary, RouteClient route, Link nic)
    {
        var addresses = route.GetAddresses(nic.Index).Where(address => address.Scope is RouteScope.Universe).Select(address => address.Address.ToString());
        var gateways = route.GetRoutes().Where(one => one.InterfaceIndex == nic.Index && one.Destination.PrefixLength == 0 && one.Gateway is not null).Select(one => one.Gateway!.ToString());
        return Entry(primary.Network, primary.InterfaceName, addresses, MacAddress.From(nic.Mac).ToString(), nic.Mtu, isDefault: true, dns: [], deviceInfo: null, gateways.Distinct());
    }

    private static JsonObject Entry(
        string name, string nic, IEnumerable<string> addresses, string mac, int mtu, bool isDefault, JsonObject dns, JsonObject? deviceInfo, IEnumerable<string> gateways)
    {
        var entry = new JsonObject { ["name"] = name, ["interface"] = nic };
        if (Texts(addresses) is { Count: > 0 } ips)
            entry["ips"] = ips;
        if (mac.Length > 0)
            entry["mac"] = mac;
        if (mtu > 0)
            entry["mtu"] = mtu;
        if (isDefault)
            entry["default"] = true;
        entry["dns"] = dns;
        if (deviceInfo is not null)
            entry["device-info"] = deviceInfo.DeepClone();
        if (Texts(gateways) is { Count: > 0 } routers)
            entry["gateway"] = routers;
        return entry;
    }

    private static List<(string Name, string Mac, int Mtu, int? Index)> InPod(JsonObject result)
    {
        var found = new List<(string, string, int, int?)>();
        var interfaces = result["interfaces"] as JsonArray ?? [];
        for (var index = 0; index < interfaces.Count; index++)
        {
            if (interfaces[index] is JsonObject one && Text(one["sandbox"]).Length > 0 && Text(one["name"]).Length > 0)
                found.Add((Text(one["name"]), Text(one["mac"]), Number(one["mtu"]) ?? 0, index));
        }

        return found;
    }

    /// <summary>Without prefix lengths; of results before 0.3.0 as well.</summary>
    private static IEnumerable<(string Address, int? Interface)> Addresses(JsonObject result)
    {
        foreach (var ip in (result["ips"] as JsonArray ?? []).OfType<JsonObject>())
            yield return (Text(ip["address"]).Split('/')[0], Number(ip["interface"]));
        foreach (var old in new[] { result["ip4"], result["ip6"] }.OfType<JsonObject>())
            yield return (Text(old["ip"]).Split('/')[0], null);
    }

    private static IEnumerable<string> Gateways(InterfacePlan plan, JsonObject result) =>
        Of(plan.DefaultGateway4, AddressFamily.InterNetwork, result).Concat(Of(plan.DefaultGateway6, AddressFamily.InterNetworkV6, result));

    private static IEnumerable<string> Of(string? decided, AddressFamily family, JsonObject result) => decided switch
    {
        null => DefaultRoutes(result).Where(gateway => IPAddress.TryParse(gateway, out var address) && address.AddressFamily == family).Distinct(),
        "" => [],
        _ => [decided],
    };

    private static IEnumerable<string> DefaultRoutes(JsonObject result)
    {
        var holders = new[] { result, result["ip4"], result["ip6"] }.OfType<JsonObject>();
        foreach (var route in holders.SelectMany(holder => (holder["routes"] as JsonArray ?? []).OfType<JsonObject>()))
        {
            if (Text(route["dst"]) is "0.0.0.0/0" or "::/0")
                yield return Text(route["gw"]);
        }
    }

    private static JsonObject Dns(JsonObject result)
    {
        var dns = new JsonObject();
        foreach (var key in new[] { "nameservers", "domain", "search", "options" })
        {
            if ((result["dns"] as JsonObject)?[key] is { } value and (JsonArray { Count: > 0 } or JsonValue))
                dns[key] = value.DeepClone();
        }

        return dns;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Where(text => text.Length > 0).Select(text => (JsonNode)text)]);

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static int? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;
}
