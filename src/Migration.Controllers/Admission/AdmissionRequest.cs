using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>admission.k8s.io/v1 AdmissionRequest: somebody wants to write an object.</summary>
public sealed record AdmissionRequest : OpenRecord
{
    /// <summary>Names the question; the answer repeats it.</summary>
    public string? Uid { get; init; }

    public GroupKind? Kind { get; init; }

    public GroupResource? Resource { get; init; }

    public string? SubResource { get; init; }

    /// <summary>Empty where the server is to make the name up.</summary>
    public string? Name { get; init; }

    public string? Namespace { get; init; }

    /// <summary>One of <see cref="AdmissionOperation"/>.</summary>
    public string? Operation { get; init; }

    public RequestingUser? UserInfo { get; init; }

    /// <summary>The object as it is to be.</summary>
    public JsonElement? Object { get; init; }

    /// <summary>The object as it is; with updates and deletions.</summary>
    public JsonElement? OldObject { get; init; }

    /// <summary>Nothing will be written, and nothing may be.</summary>
    public bool? DryRun { get; init; }
}
