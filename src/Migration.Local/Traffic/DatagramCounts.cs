namespace Migration.Local.Traffic;

/// <summary>What became of the datagrams of one flow, there and back.</summary>
/// <param name="Reordered">Answers that came after a later one.</param>
public sealed record DatagramCounts(int Sent, int Lost, int Duplicated, int Reordered)
{
    public double DuplicatedPercent => Sent == 0 ? 0 : 100.0 * Duplicated / Sent;
}
