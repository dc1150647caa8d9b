using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>An object that somebody wants to write, as rules see it.</summary>
/// <param name="Object">The object as it is to be; the empty object of its kind where it is to be deleted.</param>
/// <param name="Before">The object as it is; null where it is to be created.</param>
public sealed record Proposal<T>(AdmissionRequest Request, T Object, T? Before)
    where T : KubernetesObject
{
    public bool IsCreation => Request.Operation == AdmissionOperation.Create;

    public bool IsUpdate => Request.Operation == AdmissionOperation.Update;

    /// <summary>Nothing will be written, and a rule must not write either.</summary>
    public bool IsDryRun => Request.DryRun == true;

    /// <summary>Where the object is; its own metadata may leave the namespace out.</summary>
    public ObjectKey Key => new(Request.Namespace ?? Object.Metadata.Namespace ?? "", Request.Name is { Length: > 0 } name ? name : Object.Metadata.Name ?? "");

    /// <summary>The service account or user that asks.</summary>
    public string User => Request.UserInfo?.Username ?? "";
}
