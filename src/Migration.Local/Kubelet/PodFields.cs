using System.Globalization;
using System.Text.RegularExpressions;
using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>Facts about a pod that its containers may be told (the downward API).</summary>
internal static partial class PodFields
{
    /// <exception cref="PodRefusedException">There is no such field.</exception>
    public static string Of(Pod pod, string path, string hostAddress, IReadOnlyList<string> addresses) => path switch
    {
        "metadata.name" => pod.Metadata.Name ?? "",
        "metadata.namespace" => pod.Metadata.Namespace ?? "",
        "metadata.uid" => pod.Metadata.Uid ?? "",
        "metadata.labels" => Lines(pod.Metadata.Labels),
        "metadata.annotations" => Lines(pod.Metadata.Annotations),
        "spec.nodeName" => pod.Spec?.NodeName ?? "",
        "spec.serviceAccountName" => pod.Spec?.ServiceAccountName ?? "",
        "status.hostIP" or "status.hostIPs" => hostAddress,
        "status.podIP" => addresses.FirstOrDefault() ?? "",
        "status.podIPs" => string.Join(',', addresses),
        _ => Entry(pod, path) ?? throw new PodRefusedException($"fieldRef: \"{path}\" is not a field that can be referred to"),
    };

    /// <summary>A request or limit of a container, in units of the divisor, rounded up; what is not limited is limited by the node.</summary>
    public static string Of(Pod pod, Container own, ResourceFieldSelector selector)
    {
        var container = selector.ContainerName is { Length: > 0 } name
            ? pod.Spec!.Containers!.Concat(pod.Spec.InitContainers ?? []).FirstOrDefault(candidate => candidate.Name == name) ?? throw new PodRefusedException($"resourceFieldRef: there is no container \"{name}\"")
            : own;
        var parts = (selector.Resource ?? "").Split('.', 2);
        var (values, limited) = parts switch
        {
            ["limits", _] => (container.Resources?.Limits, true),
            ["requests", _] => (container.Resources?.Requests, false),
            _ => throw new PodRefusedException($"resourceFieldRef: \"{selector.Resource}\" is neither a request nor a limit"),
        };
        var amount = values?.TryGetValue(parts[1], out var found) == true ? found.Amount : limited ? NodeRegistration.CapacityOf(parts[1]) : 0;
        var divisor = selector.Divisor?.Amount is { } given and > 0 ? given : 1;
        return Math.Ceiling(amount / divisor).ToString(CultureInfo.InvariantCulture);
    }

    private static string? Entry(Pod pod, string path) =>
        KeyedPath().Match(path) is not { Success: true } match ? null
        : (match.Groups["map"].Value == "labels" ? pod.Metadata.Labels : pod.Metadata.Annotations)?.GetValueOrDefault(match.Groups["key"].Value) ?? "";

    private static string Lines(IReadOnlyDictionary<string, string>? map) =>
        string.Join('\n', (map ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}=\"{pair.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));

    [GeneratedRegex(@"^metadata\.(?<map>labels|annotations)\['(?<key>[^']+)'\]$")]
    private static partial Regex KeyedPath();
}
