namespace Migration.Kubernetes;

/// <summary>metav1.OwnerReference: when the owner goes, so does the object that carries this.</summary>
public sealed record OwnerReference : OpenRecord
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Name { get; init; }

    public string? Uid { get; init; }

    public bool? Controller { get; init; }

    public bool? BlockOwnerDeletion { get; init; }
}
