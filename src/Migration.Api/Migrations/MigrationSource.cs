using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The end that a guest leaves.</summary>
public sealed record MigrationSource : OpenRecord
{
    public string? Node { get; init; }

    public string? Pod { get; init; }

    public string? MigrationUID { get; init; }

    public string? DomainName { get; init; }

    public string? DomainNamespace { get; init; }

    public string? VirtualMachineInstanceUID { get; init; }

    /// <summary>Labels that a node must have to run this guest.</summary>
    public IReadOnlyDictionary<string, string>? NodeSelectors { get; init; }
}
