namespace Migration.Qemu;

/// <summary>The guest's vCPUs: sockets × cores × threads.</summary>
public sealed record CpuTopology(int Sockets, int Cores, int Threads)
{
    public int Count => Sockets * Cores * Threads;
}
