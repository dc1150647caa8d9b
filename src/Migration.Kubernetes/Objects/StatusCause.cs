namespace Migration.Kubernetes;

/// <summary>metav1.StatusCause: one invalid field.</summary>
public sealed record StatusCause : OpenRecord
{
    public string? Reason { get; init; }

    public string? Message { get; init; }

    public string? Field { get; init; }
}
