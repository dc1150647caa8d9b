using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The network.</summary>
public sealed record NetworkAttachmentDefinitionSpec : OpenRecord
{
    /// <summary>A CNI configuration or configuration list, as JSON.</summary>
    public string? Config { get; init; }
}
