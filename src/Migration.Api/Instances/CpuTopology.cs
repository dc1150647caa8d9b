using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The guest's CPU topology.</summary>
public sealed record CpuTopology : OpenRecord
{
    public int? Sockets { get; init; }

    public int? Cores { get; init; }

    public int? Threads { get; init; }
}
