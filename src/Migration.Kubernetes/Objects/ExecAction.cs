namespace Migration.Kubernetes;

/// <summary>core/v1 ExecAction.</summary>
public sealed record ExecAction : OpenRecord
{
    public IReadOnlyList<string>? Command { get; init; }
}
