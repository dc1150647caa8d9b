using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>UEFI firmware; its variables go with the pod.</summary>
public sealed record Efi : OpenRecord
{
    /// <summary>On where nothing is said.</summary>
    public bool? SecureBoot { get; init; }

    [JsonIgnore]
    public bool IsSecure => SecureBoot ?? true;
}
