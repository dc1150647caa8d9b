namespace Migration.Kubernetes;

/// <summary>core/v1 KeyToPath: one entry of a config map or secret as a file.</summary>
public sealed record KeyToPath : OpenRecord
{
    public string? Key { get; init; }

    public string? Path { get; init; }

    public int? Mode { get; init; }
}
