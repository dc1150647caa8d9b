using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>admission.k8s.io/v1 AdmissionReview: what the API server asks, and what it is answered.</summary>
public sealed record AdmissionReview : OpenRecord
{
    public const string Version = "admission.k8s.io/v1";
    public const string Name = "AdmissionReview";

    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public AdmissionRequest? Request { get; init; }

    public AdmissionResponse? Response { get; init; }
}
