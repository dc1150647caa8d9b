namespace Migration.Kubernetes;

/// <summary>A whole list as of one version of the collection.</summary>
/// <param name="Items">The objects that could be read.</param>
/// <param name="ResourceVersion">Where a watch continues.</param>
/// <param name="Unreadable">Objects that are not what their kind says, each with the reason. One bad object must not hide the others.</param>
public sealed record ResourceList<T>(IReadOnlyList<T> Items, string ResourceVersion, IReadOnlyList<UnreadableObject> Unreadable)
    where T : KubernetesObject;
