using System.Text.Json;

namespace Migration.Qemu;

/// <summary>How far the guest's memory has come. All in bytes.</summary>
public sealed record MigrationMemory
{
    public long Total { get; init; }

    public long Transferred { get; init; }

    /// <summary>A saw-tooth: it means something only right after a <c>MIGRATION_PASS</c>.</summary>
    public long Remaining { get; init; }

    public double BytesPerSecond { get; init; }

    /// <summary>As of the last pass; it saturates at working set ÷ duration of a pass.</summary>
    public double DirtyBytesPerSecond { get; init; }

    /// <summary>The pass that is running, from 1.</summary>
    public int Pass { get; init; }

    internal static MigrationMemory From(JsonElement ram) => new()
    {
        Total = ram.Number("total"),
        Transferred = ram.Number("transferred"),
        Remaining = ram.Number("remaining"),
        BytesPerSecond = ram.Fraction("mbps") * 1e6 / 8,
        DirtyBytesPerSecond = ram.Fraction("dirty-pages-rate") * ram.Number("page-size"),
        Pass = (int)ram.Number("dirty-sync-count"),
    };
}
