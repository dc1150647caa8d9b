using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What cloud-init in the guest is told, by a disk.</summary>
public sealed record CloudInitSource : OpenRecord
{
    public string? UserData { get; init; }

    public string? UserDataBase64 { get; init; }

    /// <summary>A secret with the key <c>userdata</c> (or <c>userData</c>).</summary>
    public LocalObjectReference? SecretRef { get; init; }

    public string? NetworkData { get; init; }

    public string? NetworkDataBase64 { get; init; }

    /// <summary>A secret with the key <c>networkdata</c> (or <c>networkData</c>).</summary>
    public LocalObjectReference? NetworkDataSecretRef { get; init; }
}
