using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A choice that carries nothing but its name, e.g. <c>bridge: {}</c>.</summary>
public sealed record Empty : OpenRecord;
