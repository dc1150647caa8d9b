using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The end that a guest arrives at.</summary>
public sealed record MigrationTarget : OpenRecord
{
    public string? Node { get; init; }

    public string? Pod { get; init; }

    public string? MigrationUID { get; init; }

    public string? DomainName { get; init; }

    public string? DomainNamespace { get; init; }

    public string? VirtualMachineInstanceUID { get; init; }

    public bool? DomainDetected { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DomainReadyTimestamp { get; init; }

    public string? NodeAddress { get; init; }

    public IReadOnlyDictionary<string, int>? DirectMigrationNodePorts { get; init; }
}
