namespace Migration.Kubernetes;

/// <summary>What a watch reports. <c>ERROR</c> is not among them: it ends the watch with a <see cref="KubernetesException"/>.</summary>
public enum WatchEventType
{
    /// <summary>A new object, or one that began to match the selectors.</summary>
    Added,

    /// <summary>A changed object.</summary>
    Modified,

    /// <summary>A deleted object, or one that no longer matches the selectors.</summary>
    Deleted,

    /// <summary>Nothing changed up to this version.</summary>
    Bookmark,
}
