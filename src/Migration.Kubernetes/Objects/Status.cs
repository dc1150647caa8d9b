namespace Migration.Kubernetes;

/// <summary>metav1.Status: what the server answers when it refuses, or when there is no object to answer with.</summary>
public sealed record Status : OpenRecord
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public ListMeta? Metadata { get; init; }

    /// <summary><c>Success</c> or <c>Failure</c>.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("status")]
    public string? Outcome { get; init; }

    public string? Message { get; init; }

    /// <summary>One word for programs: <c>NotFound</c>, <c>AlreadyExists</c>, <c>Conflict</c>, <c>Expired</c>, …</summary>
    public string? Reason { get; init; }

    public StatusDetails? Details { get; init; }

    public int? Code { get; init; }
}
