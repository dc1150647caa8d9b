namespace Migration.Kubernetes;

/// <summary>One change seen by a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after it; null when it cannot be read, or for a bookmark.</param>
/// <param name="Key">The object's key; default for a bookmark.</param>
/// <param name="ResourceVersion">Where a watch that starts after this event continues.</param>
/// <param name="Unreadable">Why <paramref name="Object"/> is null although it is no bookmark.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, ObjectKey Key, string ResourceVersion, string? Unreadable = null)
    where T : KubernetesObject;
