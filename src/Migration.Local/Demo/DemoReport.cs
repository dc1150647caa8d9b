using System.Text.Json.Serialization;
using Migration.Local.Traffic;

namespace Migration.Local.Demo;

/// <summary>How one migration went, seen from the cluster, the guest's address and a peer that talked to it throughout.</summary>
public sealed record DemoReport
{
    public required string Result { get; init; }
    public string? Reason { get; init; }
    public string? SourceNode { get; init; }
    public string? TargetNode { get; init; }
    public int MemoryMiB { get; init; }
    public double TotalMs { get; init; }
    public double StoppedMs { get; init; }
    public double CreateToSucceededMs { get; init; }
    public long TransferredBytes { get; init; }
    public int Iterations { get; init; }
    public bool Encrypted { get; init; }
    public GuestAddress? GuestAddress { get; init; }

    /// <summary>Every NIC of the guest, with what it had before and has after.</summary>
    public IReadOnlyList<GuestNic>? Interfaces { get; init; }
    public PacketCounts? Packets { get; init; }

    /// <summary>Pings to the second NIC, from a neighbour on its network.</summary>
    public PacketCounts? LanPackets { get; init; }
    public ConversationCounts? Tcp { get; init; }
}

public sealed record GuestAddress(string? Before, string? After);

public sealed record GuestNic(string Name, string? Mac, IReadOnlyList<string> Before, IReadOnlyList<string> After);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoJson : JsonSerializerContext;
