using System.Text.Json;
using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>metav1.ObjectMeta.</summary>
public sealed record ObjectMeta : OpenRecord
{
    /// <summary>No metadata at all.</summary>
    public static readonly ObjectMeta Empty = new();

    public string? Name { get; init; }

    /// <summary>The server appends five random characters to it when <see cref="Name"/> is absent.</summary>
    public string? GenerateName { get; init; }

    public string? Namespace { get; init; }

    /// <summary>Unique over all time; a re-created object has another one.</summary>
    public string? Uid { get; init; }

    /// <summary>Opaque; sent back with an update, it makes the server refuse (409) when the object has changed since.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts changes of the spec.</summary>
    public long? Generation { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? CreationTimestamp { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeletionTimestamp { get; init; }

    public long? DeletionGracePeriodSeconds { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }

    public IReadOnlyList<string>? Finalizers { get; init; }

    /// <summary>The server's book-keeping of who set which field. Informers drop it; a server takes its absence as "unchanged".</summary>
    public JsonElement? ManagedFields { get; init; }

    /// <summary>A label's value, or null.</summary>
    public string? Label(string name) => Labels?.GetValueOrDefault(name);

    /// <summary>An annotation's value, or null.</summary>
    public string? Annotation(string name) => Annotations?.GetValueOrDefault(name);

    /// <summary>The owner that controls the object, or null.</summary>
    [JsonIgnore]
    public OwnerReference? ControllingOwner => OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    public bool HasFinalizer(string finalizer) => Finalizers?.Contains(finalizer) == true;

    public ObjectMeta WithLabel(string name, string value) => this with { Labels = With(Labels, name, value) };

    public ObjectMeta WithAnnotation(string name, string value) => this with { Annotations = With(Annotations, name, value) };

    public ObjectMeta WithoutLabel(string name) => this with { Labels = Without(Labels, name) };

    public ObjectMeta WithoutAnnotation(string name) => this with { Annotations = Without(Annotations, name) };

    public ObjectMeta WithFinalizer(string finalizer) =>
        HasFinalizer(finalizer) ? this : this with { Finalizers = [.. Finalizers ?? [], finalizer] };

    public ObjectMeta WithoutFinalizer(string finalizer) =>
        HasFinalizer(finalizer) ? this with { Finalizers = [.. Finalizers!.Where(other => other != finalizer)] } : this;

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string>? map, string name, string value) =>
        new(map ?? new Dictionary<string, string>()) { [name] = value };

    private static Dictionary<string, string> Without(IReadOnlyDictionary<string, string>? map, string name)
    {
        var copy = new Dictionary<string, string>(map ?? new Dictionary<string, string>());
        copy.Remove(name);
        return copy;
    }
}
