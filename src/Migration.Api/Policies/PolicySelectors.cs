using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Labels that all have to be there, on the instance and on its namespace.</summary>
public sealed record PolicySelectors : OpenRecord
{
    public IReadOnlyDictionary<string, string>? NamespaceSelector { get; init; }

    public IReadOnlyDictionary<string, string>? VirtualMachineInstanceSelector { get; init; }
}
