using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What the virtual machine is to be: the part we act on. Everything else survives in <see cref="OpenRecord.Unknown"/>.</summary>
public sealed record VirtualMachineInstanceSpec : OpenRecord
{
    internal static readonly VirtualMachineInstanceSpec Empty = new();

    public Domain Domain { get => field ?? Domain.Empty; init; }

    public IReadOnlyList<Network>? Networks { get; init; }

    public IReadOnlyList<InstanceVolume>? Volumes { get; init; }

    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Passed through to the launcher pod, as what follows.</summary>
    public Affinity? Affinity { get; init; }

    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    public JsonElement? TopologySpreadConstraints { get; init; }

    public string? SchedulerName { get; init; }

    public string? PriorityClassName { get; init; }

    public string? DnsPolicy { get; init; }

    public JsonElement? DnsConfig { get; init; }

    public string? Hostname { get; init; }

    public string? Subdomain { get; init; }

    public long? TerminationGracePeriodSeconds { get; init; }

    public string? EvictionStrategy { get; init; }

    /// <summary>"Paused": the guest begins with its vCPUs stopped.</summary>
    public string? StartStrategy { get; init; }

    public string? Architecture { get; init; }
}
