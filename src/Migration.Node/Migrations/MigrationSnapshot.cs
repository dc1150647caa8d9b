namespace Migration.Node.Migrations;

/// <summary>A migration as others see it at one moment.</summary>
internal sealed record MigrationSnapshot(MigrationRecord Record, Progress Progress, ulong Version);
