namespace Migration.Kubernetes;

/// <summary>core/v1 EmptyDirVolumeSource.</summary>
public sealed record EmptyDirVolume : OpenRecord
{
    /// <summary>Empty for disk, <c>Memory</c> for tmpfs.</summary>
    public string? Medium { get; init; }

    public Quantity? SizeLimit { get; init; }
}
