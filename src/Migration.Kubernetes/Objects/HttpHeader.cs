namespace Migration.Kubernetes;

/// <summary>core/v1 HTTPHeader.</summary>
public sealed record HttpHeader : OpenRecord
{
    public string? Name { get; init; }

    public string? Value { get; init; }
}
