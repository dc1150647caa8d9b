namespace Migration.Local.ApiServer;

/// <summary>Where a kind keeps what the scale subresource shows: paths such as <c>.spec.replicas</c>.</summary>
internal sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? LabelSelector);
