using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>The columns of nodes.</summary>
internal static class NodeColumns
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static IReadOnlyList<PrinterColumn> All { get; } =
    [
        BuiltInColumns.Name,
        new("Status", "string", "", "The status of the node", 0, (root, _) => Status(root)),
        new("Roles", "string", "", "The roles of the node", 0, (root, _) => Roles(root)),
        BuiltInColumns.Age,
        new("Version", "string", "", "Kubelet Version reported by the node.", 0, (root, _) => root.Text("status", "nodeInfo", "kubeletVersion") ?? ""),
        Address("Internal-IP", "InternalIP"),
        Address("External-IP", "ExternalIP"),
        Info("OS-Image", "osImage"),
        Info("Kernel-Version", "kernelVersion"),
        Info("Container-Runtime", "containerRuntimeVersion"),
    ];

    private static string Status(JsonElement node)
    {
        var ready = node.Items("status", "conditions").FirstOrDefault(c => c.Text("type") == "Ready");
        var status = ready.ValueKind == JsonValueKind.Undefined ? "Unknown" : ready.Text("status") == "True" ? "Ready" : "NotReady";
        return node.Flag("spec", "unschedulable") ? status + ",SchedulingDisabled" : status;
    }

    private static string Roles(JsonElement node)
    {
        if (node.Find("metadata", "labels") is not { } labels)
            return "<none>";
        var roles = labels.EnumerateObject().Where(l => l.Name.StartsWith(RolePrefix, StringComparison.Ordinal)).Select(l => l.Name[RolePrefix.Length..]);
        var text = string.Join(",", roles.Order(StringComparer.Ordinal));
        return text.Length == 0 ? "<none>" : text;
    }

    private static PrinterColumn Address(string name, string type) => new(name, "string", "", "", 1, (root, _) =>
        root.Items("status", "addresses").Where(a => a.Text("type") == type).Select(a => a.Text("address")).FirstOrDefault() ?? "<none>");

    private static PrinterColumn Info(string name, string field) =>
        new(name, "string", "", "", 1, (root, _) => root.Text("status", "nodeInfo", field) is { Length: > 0 } text ? text : "<unknown>");
}
