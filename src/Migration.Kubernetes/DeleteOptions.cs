namespace Migration.Kubernetes;

/// <summary>metav1.DeleteOptions.</summary>
public sealed record DeleteOptions : OpenRecord
{
    public static readonly DeleteOptions Default = new();

    public string ApiVersion => "v1";

    public string Kind => "DeleteOptions";

    /// <summary>0 for at once.</summary>
    public long? GracePeriodSeconds { get; init; }

    public Preconditions? Preconditions { get; init; }

    /// <summary><c>Background</c> (the usual default), <c>Foreground</c> or <c>Orphan</c>.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary><c>["All"]</c> or absent.</summary>
    public IReadOnlyList<string>? DryRun { get; init; }

    /// <summary>Deletes exactly this object: not one that was re-created under its name.</summary>
    public static DeleteOptions Only(KubernetesObject item) => new() { Preconditions = new Preconditions { Uid = item.Metadata.Uid } };

    /// <summary>Deletes exactly this version of this object; a change in between is a conflict.</summary>
    public static DeleteOptions OnlyUnchanged(KubernetesObject item) =>
        new() { Preconditions = new Preconditions { Uid = item.Metadata.Uid, ResourceVersion = item.Metadata.ResourceVersion } };
}
