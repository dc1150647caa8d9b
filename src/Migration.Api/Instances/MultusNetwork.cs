using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A NetworkAttachmentDefinition.</summary>
public sealed record MultusNetwork : OpenRecord
{
    public string NetworkName { get => field ?? ""; init; }

    public bool? Default { get; init; }
}
