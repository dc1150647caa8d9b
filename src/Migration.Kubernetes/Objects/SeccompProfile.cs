namespace Migration.Kubernetes;

/// <summary>core/v1 SeccompProfile.</summary>
public sealed record SeccompProfile : OpenRecord
{
    /// <summary><c>RuntimeDefault</c>, <c>Localhost</c> or <c>Unconfined</c>.</summary>
    public string? Type { get; init; }

    public string? LocalhostProfile { get; init; }
}
