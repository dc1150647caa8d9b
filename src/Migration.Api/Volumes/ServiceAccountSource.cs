using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A service account's credentials as a disk with files.</summary>
public sealed record ServiceAccountSource : OpenRecord
{
    public string ServiceAccountName { get => field ?? ""; init; }
}
