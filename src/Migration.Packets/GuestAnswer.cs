using Migration.Packets.Dhcp;

namespace Migration.Packets;

/// <summary>What became of a frame from the guest.</summary>
/// <param name="Length">Of the reply frame; 0 where nothing is to be sent.</param>
/// <param name="Reason">Why it was malformed.</param>
public readonly record struct GuestAnswer(GuestAnswerKind Kind, int Length = 0, DhcpOutcome Dhcp = DhcpOutcome.Ignored, string? Reason = null);
