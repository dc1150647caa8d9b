using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 PodSpec.</summary>
public sealed record PodSpec : OpenRecord
{
    public IReadOnlyList<Volume>? Volumes { get; init; }

    public IReadOnlyList<Container>? InitContainers { get; init; }

    public IReadOnlyList<Container>? Containers { get; init; }

    /// <summary><c>Always</c>, <c>OnFailure</c> or <c>Never</c>.</summary>
    public string? RestartPolicy { get; init; }

    public long? TerminationGracePeriodSeconds { get; init; }

    public long? ActiveDeadlineSeconds { get; init; }

    public string? DnsPolicy { get; init; }

    public PodDnsConfig? DnsConfig { get; init; }

    public IReadOnlyList<HostAlias>? HostAliases { get; init; }

    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    public string? ServiceAccountName { get; init; }

    public bool? AutomountServiceAccountToken { get; init; }

    /// <summary>Set by the scheduler: the pod is bound.</summary>
    public string? NodeName { get; init; }

    public bool? HostNetwork { get; init; }

    [JsonPropertyName("hostPID")]
    public bool? HostPid { get; init; }

    [JsonPropertyName("hostIPC")]
    public bool? HostIpc { get; init; }

    public PodSecurityContext? SecurityContext { get; init; }

    public IReadOnlyList<LocalObjectReference>? ImagePullSecrets { get; init; }

    public string? Hostname { get; init; }

    public string? Subdomain { get; init; }

    public Affinity? Affinity { get; init; }

    public string? SchedulerName { get; init; }

    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    public IReadOnlyList<TopologySpread>? TopologySpreadConstraints { get; init; }

    public string? PriorityClassName { get; init; }

    public int? Priority { get; init; }

    public string? RuntimeClassName { get; init; }

    public bool? EnableServiceLinks { get; init; }

    public IReadOnlyList<PodReadinessGate>? ReadinessGates { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Overhead { get; init; }
}
