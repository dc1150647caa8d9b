using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>What <c>kubectl get</c> shows of the built-in kinds.</summary>
internal static class BuiltInColumns
{
    public static readonly PrinterColumn Name = new("Name", "string", "name",
        "Name must be unique within a namespace.", 0, (root, _) => root.Text("metadata", "name"));

    public static readonly PrinterColumn Age = new("Age", "date", "",
        "CreationTimestamp is a timestamp representing the server time when this object was created.", 0,
        (root, now) => Timestamps.Age(root.Text("metadata", "creationTimestamp"), now));

    public static IReadOnlyList<PrinterColumn> For(string storage) => storage switch
    {
        "pods" => PodColumns.All,
        "nodes" => NodeColumns.All,
        "events" => EventColumns.All,
        "namespaces" => [Name, Text("Status", 0, "status", "phase"), Age],
        "services" => ServiceColumns.All,
        "configmaps" => [Name, Count("Data", "data", "binaryData"), Age],
        "secrets" => [Name, Text("Type", 0, "type"), Count("Data", "data"), Age],
        "serviceaccounts" => [Name, Count("Secrets", "secrets"), Age],
        "endpoints" => [Name, new("Endpoints", "string", "", "", 0, (root, _) => ServiceColumns.Endpoints(root)), Age],
        "persistentvolumeclaims" =>
        [
            Name, Text("Status", 0, "status", "phase"), Text("Volume", 0, "spec", "volumeName"), Text("Capacity", 0, "status", "capacity", "storage"),
            AccessModes(), Text("StorageClass", 0, "spec", "storageClassName"), Text("VolumeAttributesClass", 0, "spec", "volumeAttributesClassName"), Age,
            Text("VolumeMode", 1, "spec", "volumeMode"),
        ],
        "persistentvolumes" =>
        [
            Name, Text("Capacity", 0, "spec", "capacity", "storage"), AccessModes(), Text("Reclaim Policy", 0, "spec", "persistentVolumeReclaimPolicy"),
            Text("Status", 0, "status", "phase"), new("Claim", "string", "", "", 0, (root, _) => Claim(root)), Text("StorageClass", 0, "spec", "storageClassName"),
            Text("VolumeAttributesClass", 0, "spec", "volumeAttributesClassName"), Text("Reason", 0, "status", "reason"), Age, Text("VolumeMode", 1, "spec", "volumeMode"),
        ],
        "leases.coordination.k8s.io" => [Name, Text("Holder", 0, "spec", "holderIdentity"), Age],
        "customresourcedefinitions.apiextensions.k8s.io" =>
            [Name, new("Created At", "date", "", "", 0, (root, _) => root.Text("metadata", "creationTimestamp"))],
        "deployments.apps" =>
        [
            Name, new("Ready", "string", "", "", 0, (root, _) => $"{root.Number("status", "readyReplicas")}/{root.Number("spec", "replicas")}"),
            Any("Up-to-date", "0", "status", "updatedReplicas"), Any("Available", "0", "status", "availableReplicas"), Age,
        ],
        "daemonsets.apps" =>
        [
            Name, Any("Desired", "0", "status", "desiredNumberScheduled"), Any("Current", "0", "status", "currentNumberScheduled"),
            Any("Ready", "0", "status", "numberReady"), Any("Up-to-date", "0", "status", "updatedNumberScheduled"),
            Any("Available", "0", "status", "numberAvailable"), Age,
        ],
        Webhook.Mutating or Webhook.Validating => [Name, Count("Webhooks", "webhooks"), Age],
        "poddisruptionbudgets.policy" =>
        [
            Name, Any("Min Available", "N/A", "spec", "minAvailable"), Any("Max Unavailable", "N/A", "spec", "maxUnavailable"),
            Any("Allowed Disruptions", "0", "status", "disruptionsAllowed"), Age,
        ],
        "rolebindings.rbac.authorization.k8s.io" or "clusterrolebindings.rbac.authorization.k8s.io" =>
            [Name, new("Role", "string", "", "", 0, (root, _) => $"{root.Text("roleRef", "kind")}/{root.Text("roleRef", "name")}"), Age],
        "roles.rbac.authorization.k8s.io" or "clusterroles.rbac.authorization.k8s.io" =>
            [Name, new("Created At", "date", "", "", 0, (root, _) => root.Text("metadata", "creationTimestamp"))],
        "priorityclasses.scheduling.k8s.io" => [Name, Any("Value", "0", "value"), Any("Global-Default", "false", "globalDefault"), Age],
        "storageclasses.storage.k8s.io" => [Name, Text("Provisioner", 0, "provisioner"), Any("ReclaimPolicy", "Delete", "reclaimPolicy"), Age],
        _ => [Name, Age],
    };

    /// <summary>A text of the object, empty when it is not there.</summary>
    public static PrinterColumn Text(string name, int priority, params string[] path) =>
        new(name, "string", "", "", priority, (root, _) => root.Text(path) ?? "");

    private static PrinterColumn Any(string name, string otherwise, params string[] path) =>
        new(name, "string", "", "", 0, (root, _) => root.Find(path) is { } value ? value.ToString() : otherwise);

    private static PrinterColumn Count(string name, params string[] members) =>
        new(name, "string", "", "", 0, (root, _) => members.Sum(m => Size(root.Find(m))).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static int Size(JsonElement? element) => element?.ValueKind switch
    {
        JsonValueKind.Object => element.Value.EnumerateObject().Count(),
        JsonValueKind.Array => element.Value.GetArrayLength(),
        _ => 0,
    };

    private static PrinterColumn AccessModes() => new("Access Modes", "string", "", "", 0, (root, _) =>
        string.Join(",", root.Items("spec", "accessModes").Select(m => m.GetString() switch
        {
            "ReadWriteOnce" => "RWO", "ReadOnlyMany" => "ROX", "ReadWriteMany" => "RWX", "ReadWriteOncePod" => "RWOP", var other => other,
        })));

    private static string Claim(JsonElement root) =>
        root.Text("spec", "claimRef", "name") is { } name ? $"{root.Text("spec", "claimRef", "namespace")}/{name}" : "";
}
