using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>authentication.k8s.io/v1 UserInfo: who asks.</summary>
public sealed record RequestingUser : OpenRecord
{
    public string? Username { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }
}
