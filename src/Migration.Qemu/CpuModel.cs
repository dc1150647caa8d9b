namespace Migration.Qemu;

/// <summary>A CPU model, and what of it this host cannot provide.</summary>
public sealed record CpuModel(string Name, bool MigrationSafe, IReadOnlyList<string> UnavailableFeatures);
