using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>What every object of the API has: a type, a name and the fields this version does not know.</summary>
public abstract record KubernetesObject : OpenRecord
{
    /// <summary>Group and version, e.g. <c>kubevirt.io/v1</c>. The client fills it in where lists leave it out.</summary>
    [JsonPropertyOrder(-3)]
    public string? ApiVersion { get; init; }

    /// <summary>The kind, e.g. <c>Pod</c>. The client fills it in where lists leave it out.</summary>
    [JsonPropertyOrder(-2)]
    public string? Kind { get; init; }

    /// <summary>Name, labels, owners and versions.</summary>
    [JsonPropertyOrder(-1)]
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; }

    /// <summary>Namespace and name.</summary>
    [JsonIgnore]
    public ObjectKey Key => new(Metadata.Namespace ?? "", Metadata.Name ?? "");

    /// <summary>Somebody asked for the object's deletion; it stays until its finalizers are gone.</summary>
    [JsonIgnore]
    public bool IsDeleting => Metadata.DeletionTimestamp is not null;

    /// <summary>A reference that makes this object the controlling owner of another.</summary>
    public OwnerReference AsOwner() => new()
    {
        ApiVersion = ApiVersion,
        Kind = Kind,
        Name = Metadata.Name,
        Uid = Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>A reference to this object, for events and statuses.</summary>
    public ObjectReference AsReference() => new()
    {
        ApiVersion = ApiVersion,
        Kind = Kind,
        Name = Metadata.Name,
        Namespace = Metadata.Namespace,
        Uid = Metadata.Uid,
        ResourceVersion = Metadata.ResourceVersion,
    };
}
