namespace Migration.Node.Migrations;

/// <summary>How far the copy is, as QEMU last said.</summary>
internal sealed record Progress
{
    public long TotalBytes { get; init; }
    public long TransferredBytes { get; init; }
    public long RemainingBytes { get; init; }
    public double BytesPerSecond { get; init; }
    public double DirtyBytesPerSecond { get; init; }
    public int Iteration { get; init; }
    public TimeSpan? PredictedDowntime { get; init; }

    public int Percent => TotalBytes <= 0 ? 0 : (int)Math.Clamp(100 - 100 * RemainingBytes / TotalBytes, 0, 100);
}
