using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The guest's memory, as it is.</summary>
public sealed record MemoryObservation : OpenRecord
{
    public Quantity? GuestAtBoot { get; init; }

    public Quantity? GuestCurrent { get; init; }

    public Quantity? GuestRequested { get; init; }

    public Quantity? MemoryOverhead { get; init; }
}
