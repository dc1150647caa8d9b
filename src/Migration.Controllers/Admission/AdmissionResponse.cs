using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>admission.k8s.io/v1 AdmissionResponse.</summary>
public sealed record AdmissionResponse : OpenRecord
{
    public string? Uid { get; init; }

    public bool Allowed { get; init; }

    /// <summary>Why not.</summary>
    public Status? Status { get; init; }

    /// <summary>A JSON patch; base64 on the wire.</summary>
    public byte[]? Patch { get; init; }

    public string? PatchType { get; init; }

    /// <summary>Shown to the user by kubectl.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}
