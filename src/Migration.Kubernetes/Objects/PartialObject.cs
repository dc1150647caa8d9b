namespace Migration.Kubernetes;

/// <summary>An object of any kind of which only the metadata is known; the rest is in <see cref="OpenRecord.Unknown"/>.</summary>
public sealed record PartialObject : KubernetesObject;
