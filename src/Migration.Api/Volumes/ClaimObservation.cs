using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The claim behind a volume.</summary>
public sealed record ClaimObservation : OpenRecord
{
    public string? ClaimName { get; init; }

    public IReadOnlyList<string>? AccessModes { get; init; }

    public string? VolumeMode { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Capacity { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }
}
