using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A PC's BIOS.</summary>
public sealed record Bios : OpenRecord;
