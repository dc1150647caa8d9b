namespace Migration.Node.Machines;

/// <summary>The migration that brought the guest here. It outlives the migration's own record, because the source may still ask.</summary>
internal sealed record Arrival(string MigrationId, string SourceNode, DateTimeOffset? ResumedAt);
