using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>The columns of services, and of the endpoints behind them.</summary>
internal static class ServiceColumns
{
    public static IReadOnlyList<PrinterColumn> All { get; } =
    [
        BuiltInColumns.Name,
        BuiltInColumns.Text("Type", 0, "spec", "type"),
        new("Cluster-IP", "string", "", "", 0, (root, _) => root.Text("spec", "clusterIP") is { Length: > 0 } address ? address : "<none>"),
        new("External-IP", "string", "", "", 0, (root, _) => External(root)),
        new("Port(s)", "string", "", "", 0, (root, _) => Ports(root)),
        BuiltInColumns.Age,
        new("Selector", "string", "", "", 1, (root, _) => Selector(root)),
    ];

    public static string Endpoints(JsonElement root)
    {
        var all = new List<string>();
        foreach (var subset in root.Items("subsets"))
        {
            foreach (var address in subset.Items("addresses"))
            {
                var ports = subset.Items("ports");
                all.AddRange(ports.Count == 0 ? [address.Text("ip") ?? ""] : ports.Select(p => $"{address.Text("ip")}:{p.Number("port")}"));
            }
        }
        return all.Count switch
        {
            0 => "<none>",
            <= 3 => string.Join(",", all),
            _ => $"{string.Join(",", all.Take(3))} + {all.Count - 3} more...",
        };
    }

    private static string External(JsonElement service)
    {
        if (service.Text("spec", "type") == "ExternalName")
            return service.Text("spec", "externalName") ?? "<none>";
        var addresses = service.Items("spec", "externalIPs");
        return addresses.Count == 0 ? "<none>" : string.Join(",", addresses.Select(a => a.GetString()));
    }

    private static string Ports(JsonElement service)
    {
        var ports = service.Items("spec", "ports");
        return ports.Count == 0 ? "<none>" : string.Join(",", ports.Select(p =>
            p.Number("nodePort") is var node and > 0 ? $"{p.Number("port")}:{node}/{p.Text("protocol")}" : $"{p.Number("port")}/{p.Text("protocol")}"));
    }

    private static string Selector(JsonElement service) =>
        service.Find("spec", "selector") is { } selector && selector.EnumerateObject().Any()
            ? string.Join(",", selector.EnumerateObject().Select(s => $"{s.Name}={s.Value}").Order(StringComparer.Ordinal))
            : "<none>";
}
