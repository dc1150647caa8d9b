namespace Migration.Controllers.Evacuation;

/// <summary>Whether a pod may be evicted now.</summary>
/// <param name="Allowed">If not, whoever asks is to ask again: 429 TooManyRequests.</param>
/// <param name="Message">Why not; or, where it is allowed, what will be lost, for an event.</param>
/// <param name="Evacuate">The node that the guest is to leave; to be written into its instance's status, unless this is a dry run.</param>
public sealed record EvictionVerdict(bool Allowed, string Message = "", string? Evacuate = null)
{
    public static readonly EvictionVerdict Allow = new(true);
}
